package engine

import (
	"context"
	"fmt"

	"github.com/uncache/uncache/cache"
)

// Position returns how far this process has read the log.
func (c *Cache) Position() cache.Position { return c.reader.view().position() }

// History calls page with the events after a position, page by page, up to the head that
// the log has when History is called. It ends early if page returns false. Where the log
// has forgotten events, From of the first page is after the position.
//
// A log begins a new era when it is asked for what comes after its head, and then nothing
// stored is served any more. So the head is confirmed first, and nothing is asked for
// beyond it.
func (c *Cache) History(ctx context.Context, after cache.Position, page func(cache.Events) bool) error {
	if c.life.closed.Load() {
		return fmt.Errorf("coherent: read the log: %w", cache.ErrClosed)
	}
	if err := c.confirmNow(ctx); err != nil {
		return err
	}
	head := c.Position()
	for after < head {
		events, err := c.reader.page(ctx, after)
		if err != nil {
			return err
		}
		if !page(events) || events.End() <= after || events.End() >= events.Head {
			return nil
		}
		after = events.End()
	}
	return nil
}

// confirmNow makes the view as recent as the call, whatever MaxStale allows.
func (c *Cache) confirmNow(ctx context.Context) error {
	if c.reader.local != nil {
		return c.reader.confirm(ctx)
	}
	if err := c.breaker.unavailable(); err != nil {
		return err
	}
	return c.reader.read(ctx)
}
