package invalidate

import (
	"context"
	"fmt"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
	"github.com/uncache/uncache/invalidate/internal/batch"
)

// written is what a change has written in its transaction.
type written struct {
	ids  []string                          // of its events in the outbox, or nil
	then []func(ctx context.Context) error // of those in the log, or nil
}

// Writes reports whether there is an outbox, or a log, that c may be written to in its
// transaction.
func (c *change) Writes() bool { return c.inv.opts.Outbox != nil || c.inv.txPurger != nil }

// Enqueue writes the change's events to the log, if that is in the transaction's
// database, and to the outbox.
func (c *change) Enqueue(ctx context.Context, x batch.Execer) (batch.Written, error) {
	events := c.events()
	then, err := c.purgeTx(ctx, x, events)
	if err != nil {
		return nil, err
	}
	var ids []string
	if c.inv.opts.Outbox != nil {
		if ids, err = c.inv.enqueue(ctx, x, events); err == nil && len(ids) != len(events) {
			err = fmt.Errorf("the Outbox gave %d IDs for %d events", len(ids), len(events))
		}
		if err != nil {
			return nil, fmt.Errorf("invalidate: %s: enqueue: %w", some(c.types.list), err)
		}
	}
	if then == nil && ids == nil {
		return nil, nil
	}
	return &written{ids, then}, nil
}

// purgeTx purges events in the transaction of x. It returns nil if the Purger cannot.
func (c *change) purgeTx(ctx context.Context, x Execer, events []cache.Event) ([]func(ctx context.Context) error, error) {
	if c.inv.txPurger == nil {
		return nil, nil
	}
	exec := func(ctx context.Context, query string, args ...any) (int64, error) {
		r, err := x.ExecContext(ctx, query, args...)
		if err != nil {
			return 0, err
		}
		return r.RowsAffected()
	}
	all := make([]func(ctx context.Context) error, len(events))
	for i, e := range events {
		then, err := c.inv.purgeOneTx(ctx, exec, e)
		if err != nil {
			return nil, fmt.Errorf("invalidate: %s: purge in the transaction: %w", some(c.types.list), err)
		}
		if then == nil && i == 0 {
			return nil, nil
		}
		all[i] = then
	}
	return all, nil
}

// purgeOneTx calls the Purger. One that panics has failed.
func (inv *Invalidator) purgeOneTx(ctx context.Context, exec cache.Exec, e cache.Event) (then func(ctx context.Context) error, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panics.RecoveredFrom("the Purger panicked", p)
		}
	}()
	return inv.txPurger.PurgeTx(ctx, exec, e)
}

// purgerOf is what purges event i when its transaction has committed. A nil w has
// written nothing.
func (w *written) purgerOf(i int, p Purger) Purger {
	if w == nil || w.then == nil || w.then[i] == nil {
		return p
	}
	return PurgerFunc(func(ctx context.Context, _ cache.Event) error { return w.then[i](ctx) })
}

// enqueued returns the IDs of the events in the outbox, or nil.
func (w *written) enqueued() []string {
	if w == nil {
		return nil
	}
	return w.ids
}
