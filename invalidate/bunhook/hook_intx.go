package bunhook

import (
	"context"
	"database/sql"

	"github.com/uncache/uncache/invalidate"
	"github.com/uptrace/bun"
)

// InTx runs fn in a transaction of db, as [bun.DB.RunInTx] does. After COMMIT it purges
// what was saved with tx, as one change, whatever context a statement has. With an
// Outbox in [invalidate.Options] the events are enqueued before COMMIT.
//
//	err := hook.InTx(ctx, db, nil, func(ctx context.Context, tx bun.Tx) error {
//		_, err := tx.NewUpdate().Model(post).WherePK().Exec(ctx)
//		return err
//	})
//
// The errors are those of [invalidate.Invalidator.InTx], also for the purge:
// Options.Failed is not told. An error of a rule rolls back.
//
// In fn's context the cache is bypassed, and Invalidate queues. Savepoints are
// tx.RunInTx and tx.BeginTx: what is rolled back to one is not purged. db need not have
// the Hook.
func (h *Hook) InTx(ctx context.Context, db *bun.DB, opts *sql.TxOptions, fn func(ctx context.Context, tx bun.Tx) error) error {
	t := newTransaction()
	// A bun.DB with a hook is a copy, so this one stands for the transaction: every
	// statement of tx comes through it.
	own := db.WithQueryHook(txHook{h, t})
	h.ours.Store(own, t)
	defer h.ours.Delete(own)
	defer t.end()
	return invalidate.Transact(ctx, func(ctx context.Context) (enqueuing, error) {
		tx, err := own.BeginTx(ctx, opts)
		return enqueuing{tx}, err
	}, func(ctx context.Context, tx enqueuing) error {
		t.within.Store(&ctx)
		t.conn = tx.Tx
		if err := fn(ctx, tx.Tx); err != nil {
			return err
		}
		return t.end()
	})
}
