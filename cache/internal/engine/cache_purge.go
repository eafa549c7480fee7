package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/uncache/uncache/cache"
)

// Purge appends e to the log. coherent.Cache.Purge says what it promises.
func (c *Cache) Purge(ctx context.Context, e cache.Event) (err error) {
	defer c.count.purge(e.Dependencies, time.Now(), &err)
	e = c.complete(e)
	pos, err := appendTo(ctx, c.reader.log, e)
	if err != nil {
		return fmt.Errorf("coherent: purge %s: %w", describe(e.Dependencies), err)
	}
	c.purged(ctx, pos)
	return nil
}

// PurgeTx appends e to the log in the transaction of exec. It returns what is to be
// done after COMMIT, or nil if the log is not in that transaction's database.
func (c *Cache) PurgeTx(ctx context.Context, exec cache.Exec, e cache.Event) (then func(ctx context.Context), err error) {
	l, ok := c.reader.log.(cache.TxLog)
	if !ok {
		return nil, nil
	}
	e.Dependencies = slices.Clone(e.Dependencies) // for what is done after COMMIT
	named, began := e.Dependencies, time.Now()
	e = c.complete(e)
	ok, err = appendTx(ctx, l, exec, e)
	took := time.Since(began)
	switch {
	case err != nil:
		c.count.purge(named, began, &err)
		return nil, fmt.Errorf("coherent: purge %s: %w", describe(e.Dependencies), err)
	case !ok:
		return nil, nil
	}
	return func(ctx context.Context) {
		defer c.count.purge(named, time.Now().Add(-took), new(error))
		c.purged(ctx, math.MaxUint64)
	}, nil
}

// complete returns e as it is appended.
func (c *Cache) complete(e cache.Event) cache.Event {
	e.Dependencies = cache.WithDecoded(e.Dependencies)
	if e.Origin == "" {
		e.Origin = c.opts.Origin
	}
	return e
}

// purged has this process see its own purge at once, MaxStale or not. pos is that of the
// event, or more. If the read fails, the promise of Purge holds nevertheless.
func (c *Cache) purged(ctx context.Context, pos cache.Position) {
	c.breaker.wakeUp()
	if c.reader.local != nil {
		// The read costs next to nothing. A view that waits for the next request could
		// fall behind a log that forgets, when many purge at once.
		if err := c.reader.catchUp(ctx); err != nil && !errors.Is(err, cache.ErrClosed) {
			c.observe.report(OpSince, "", err)
		}
	}
	if c.opts.MaxStale > 0 && c.reader.local == nil && c.reader.view().position() < pos {
		within, cancel := context.WithTimeout(ctx, c.opts.Timeout)
		defer cancel()
		if err := c.breaker.record(ctx, within, c.reader.read(within)); err != nil && !errors.Is(err, cache.ErrClosed) && !errors.Is(err, errUnavailable) {
			c.observe.report(OpSince, "", err)
		}
	}
}

// describe names the first few dependencies of an event, for an error.
func describe(deps []cache.Dependency) string {
	const most = 3
	names := make([]string, 0, most)
	for _, d := range deps[:min(len(deps), most)] {
		if d == cache.All {
			d = "everything"
		}
		names = append(names, string(d.Bounded()))
	}
	if more := len(deps) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
