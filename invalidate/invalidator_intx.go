package invalidate

import (
	"context"
	"database/sql"
)

// InTx runs fn in a transaction of db and, once COMMIT has returned, purges what
// Invalidate was told in fn's context, as one change. If fn returns an error or
// panics, or ends its goroutine, or if ctx is done when it returns, the
// transaction is rolled back and nothing is purged.
//
// fn uses its own context, in which Invalidate queues and the cache is bypassed
// ([cache.WithBypass]), and leaves COMMIT and ROLLBACK to InTx, and so what commits by
// the way: in MySQL CREATE TABLE and the like. It runs once.
// An InTx in the context of another is a transaction of its own, which purges
// when it has committed, whatever becomes of the outer one; for a part that may
// be rolled back alone see [Savepoint]. What fn saves elsewhere, in another database
// and in no transaction, it tells Invalidate in the context that InTx was given: in
// fn's own it would be dropped with a rollback.
//
// The error says what happened:
//
//	nil                 saved and purged
//	ErrRolledBack       not saved; wraps fn's error
//	ErrCommitUnknown    COMMIT failed without saying how; purged to be safe
//	*PurgeError         saved, but some pages were not purged: Unpurged lists them
//	ErrKept             saved; the outbox purges as soon as it can
//	any other           not begun; it is that of BEGIN
//
// [SavedNotPurged] is true for *PurgeError and ErrKept, and for nothing else.
//
// [ErrRolledBack] and [ErrCommitUnknown] are about this transaction, never about
// one that fn has run inside it. An error that fn returned keeps its text, and
// errors.Is and errors.As find all else that is in it: so a [*PurgeError] may
// come out of a transaction that was rolled back, if one inside it committed.
//
// An error from COMMIT is [ErrCommitUnknown] unless it has a method SQLState,
// as those of PostgreSQL's drivers do, that tells of a conflict or a violated
// constraint (class 40 or 23): the server has rolled back, and nothing is
// purged. If fn has ended the transaction itself, whatever it returns, the error
// is ErrCommitUnknown too; but when ctx is done by then, that cannot be told from
// the rollback that database/sql makes by itself, for which it is taken. If the
// driver panics in COMMIT, InTx purges and the panic goes on.
//
// With a context other than fn's Invalidate knows of no transaction, and purges at
// once. For what was saved in the transaction that is too early: a page that is
// rendered before COMMIT is made from the old row, and stays. Where it is the very
// ctx that InTx was given, and not context.Background, the purge is made once more
// after COMMIT, since it can't be told what it is about; an [Outbox] is not told of it
// before.
//
// The purge takes at most Options.PurgeTimeout and outlives ctx.
//
// With an [Outbox], what was queued is written to it in the transaction, before
// COMMIT; an error of that rolls back. A purge that then fails is [ErrKept].
func (inv *Invalidator) InTx(ctx context.Context, db Beginner, opts *sql.TxOptions, fn func(ctx context.Context, tx *sql.Tx) error) error {
	return transact(ctx, opts != nil && opts.ReadOnly, func(ctx context.Context) (*sql.Tx, error) { return db.BeginTx(ctx, opts) }, fn)
}
