package engine

import (
	"context"
	"time"
)

// confirm makes the view as recent as a request needs that begins now. It waits for
// the log at most as long as a lookup may, and in an outage not at all.
func (c *Cache) confirm(ctx context.Context) error {
	if c.reader.local != nil {
		return c.reader.confirm(ctx)
	}
	if c.reader.recent() {
		return nil // asked once: a moment later it might not be recent any more
	}
	if err := c.breaker.unavailable(); err != nil {
		return err
	}
	within := withinTimeout(ctx, c.opts.Timeout)
	defer within.cancel()
	return c.breaker.record(ctx, within, c.reader.confirm(within))
}

// keepConfirmed reads the log often enough that requests need not. Of reads that fail
// in a row, the first is told to Observe: requests notice that the view is too old. In
// an outage it leaves the log to the breaker.
func (c *Cache) keepConfirmed(ctx context.Context) {
	ticker := time.NewTicker(c.opts.MaxStale / 2)
	defer ticker.Stop()
	failing := false
	for {
		if c.breaker.unavailable() == nil {
			began := c.reader.elapsed()
			err := c.reader.read(ctx)
			if ctx.Err() != nil {
				return
			}
			if err != nil && !failing {
				c.observe.report(OpSince, "", err)
			}
			if failing = err != nil; failing {
				_ = c.breaker.recordFailure(ctx, began, err)
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
