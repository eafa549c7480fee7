package engine

import (
	"context"
	"errors"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// followPause is the time before a log that could not be waited for is tried again.
const followPause = time.Second

// follow reads the log whenever it says that it has grown. Whatever it does not say,
// keepConfirmed reads in time.
func (c *Cache) follow(ctx context.Context, w cache.Waiter) {
	for ctx.Err() == nil {
		err := panics.Apart(func() error { return w.Wait(ctx, c.reader.view().position()) })
		if errors.Is(err, errors.ErrUnsupported) {
			return
		}
		if err == nil && c.breaker.unavailable() == nil {
			err = c.reader.read(ctx) // keepConfirmed tells Observe of a log that fails
		}
		if err == nil {
			continue
		}
		select {
		case <-time.After(followPause):
		case <-ctx.Done():
		}
	}
}
