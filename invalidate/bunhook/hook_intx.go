package bunhook

import (
	"context"
	"database/sql"

	"github.com/uncache/uncache/invalidate"
	"github.com/uptrace/bun"
)

// InTx runs fn in a transaction of db, as [bun.DB.RunInTx] does, and what it saves
// with tx is purged when that has committed, as one change, whatever context a
// statement has. It does what [invalidate.Invalidator.InTx] does, and returns its
// errors, those of the purge among them: who asked is told, and Options.Failed is
// not. With an Outbox in [invalidate.Options] the events are enqueued before
// COMMIT. An error of a rule rolls back.
//
//	err := hook.InTx(ctx, db, nil, func(ctx context.Context, tx bun.Tx) error {
//		_, err := tx.NewUpdate().Model(post).WherePK().Exec(ctx)
//		return err
//	})
//
// In fn's context the cache is bypassed, and what the Invalidator is told belongs
// to the transaction. Savepoints are tx.RunInTx and tx.BeginTx: what is rolled
// back to one is not purged.
//
// db need not have the Hook.
func (h *Hook) InTx(ctx context.Context, db *bun.DB, opts *sql.TxOptions, fn func(ctx context.Context, tx bun.Tx) error) error {
	t := newTransaction()
	// A bun.DB with a hook is a copy, so this one stands for the transaction:
	// every statement that tx makes names it.
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
