package invalidate

import (
	"context"
	"database/sql"
)

// InTx runs fn, once, in a transaction of db. After COMMIT it purges what fn
// invalidated.
//
// If fn returns an error or panics, or if ctx is done, the transaction is rolled back
// and nothing is purged. fn must use the context it is given: in it, Invalidate queues
// and reads bypass the cache.
//
// The error says what happened:
//
//	nil                 saved and purged
//	ErrRolledBack       not saved; wraps fn's error
//	ErrCommitUnknown    COMMIT failed without saying how; purged to be safe
//	*PurgeError         saved, but some pages were not purged: Unpurged lists them
//	ErrKept             saved; the outbox purges as soon as it can
//	any other           the transaction was not begun
//
// docs/transactions.md: nested transactions, savepoints, drivers, panics, other
// contexts.
func (inv *Invalidator) InTx(ctx context.Context, db Beginner, opts *sql.TxOptions, fn func(ctx context.Context, tx *sql.Tx) error) error {
	return transact(ctx, opts != nil && opts.ReadOnly, func(ctx context.Context) (*sql.Tx, error) { return db.BeginTx(ctx, opts) }, fn)
}
