package engine

import (
	"context"
	"fmt"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/alongside"
	"github.com/uncache/uncache/internal/panics"
)

// appendEvent appends e to the log, in bounded form. An event that names more than
// one may is several. It returns the last position.
func (c *Cache) appendEvent(ctx context.Context, e cache.Event) (pos cache.Position, err error) {
	parts := split(e.Bounded())
	for i, part := range parts {
		of := ctx
		if i < len(parts)-1 {
			of = alongside.With(ctx, nil) // keys go with the last part, when all is purged
		}
		if pos, err = c.appendOne(of, part); err != nil && len(parts) > 1 {
			return 0, fmt.Errorf("event %d of %d: %w", i+1, len(parts), err)
		}
		if err != nil {
			return 0, err
		}
	}
	return pos, nil
}

func (c *Cache) appendOne(ctx context.Context, e cache.Event) (pos cache.Position, err error) {
	defer panics.Catch(&err)
	return c.log.Append(ctx, e)
}

// split returns e in parts of bounded size.
func split(e cache.Event) []cache.Event {
	var parts []cache.Event
	begin, bytes := 0, 0
	for i, d := range e.Dependencies {
		if i-begin == cache.MaxEvent || bytes+len(d) > cache.MaxEventBytes {
			part := e
			part.Dependencies = e.Dependencies[begin:i:i]
			parts = append(parts, part)
			begin, bytes = i, 0
		}
		bytes += len(d)
	}
	e.Dependencies = e.Dependencies[begin:]
	return append(parts, e)
}
