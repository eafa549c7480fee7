package invalidate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uncache/uncache/invalidate/internal/batch"
)

// A Transaction is a transaction as database/sql knows it, and what is built on
// that: a [*sql.Tx], a *sqlx.Tx. Commit and Rollback return [sql.ErrTxDone] if it
// is over. A bun.Tx writes arguments into the query by itself, and is not one
// where there is an [Outbox]: package bunhook is for that.
//
// One that is not of database/sql may say more by its errors, in the sense of
// errors.Is: that of Commit is [ErrRolledBack] if it has been rolled back, and
// that of Rollback is [ErrCommitUnknown] if it was ended before, and not because
// the context is done.
type Transaction interface {
	Execer
	// Commit commits.
	Commit() error
	// Rollback rolls back.
	Rollback() error
}

// A Beginner begins transactions: a [*sql.DB], a [*sql.Conn], whatever embeds
// one.
type Beginner interface {
	// BeginTx begins a transaction, as [sql.DB.BeginTx] does.
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

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

// Transact is [Invalidator.InTx] for transactions of another type, which begin
// begins:
//
//	err := invalidate.Transact(ctx, func(ctx context.Context) (*sqlx.Tx, error) {
//		return db.BeginTxx(ctx, nil)
//	}, func(ctx context.Context, tx *sqlx.Tx) error {
//		// save
//		return inv.Invalidate(ctx, post)
//	})
//
// Any Invalidator may be used in fn.
func Transact[T Transaction](ctx context.Context, begin func(ctx context.Context) (T, error), fn func(ctx context.Context, tx T) error) error {
	return transact(ctx, false, begin, fn)
}

func transact[T Transaction](ctx context.Context, readOnly bool, begin func(ctx context.Context) (T, error), fn func(ctx context.Context, tx T) error) error {
	tx, err := begin(ctx)
	if err != nil {
		return fmt.Errorf("invalidate: begin transaction: %w", err)
	}
	// The outer batch, if there is one, may yet be discarded; this commit stays.
	b := batch.New(ctx, nil)
	if readOnly {
		b = batch.NewReadOnly(ctx)
	}
	if err := run(ctx, tx, b, fn); err != nil {
		return err
	}
	return commit(ctx, tx, b)
}

const endedByFn = "fn ended the transaction itself; leave that to InTx"

// run runs fn, and rolls back unless all is well and tx may be committed. There
// is no recover in it: a panic goes on with the stack that it began with.
func run[T Transaction](ctx context.Context, tx T, b *batch.Batch, fn func(ctx context.Context, tx T) error) (err error) {
	well := false
	defer func() {
		if !well {
			err = rollback(ctx, tx, b, err)
		}
	}()
	inner := batch.With(ctx, b)
	if err := batch.During(ctx, b, func() error { return fn(inner, tx) }); err != nil {
		return err
	}
	// database/sql rolls back by itself when ctx is done, and Commit then
	// answers ErrTxDone, as it would if fn had committed. Here it is still
	// known that nobody has sent a COMMIT.
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("invalidate: rolled back: %w", err)
	}
	if err := b.Enqueue(ctx, tx); err != nil {
		return err
	}
	well = true
	return nil
}

// rollback rolls back because of err, which is nil in a panic.
func rollback(ctx context.Context, tx Transaction, b *batch.Batch, err error) error {
	// A transaction that is over already was rolled back by database/sql if
	// ctx is done. Otherwise it was fn, and that may have been a COMMIT.
	live := ctx.Err() == nil
	failed := tx.Rollback()
	over := errors.Is(failed, sql.ErrTxDone)
	if over && live || errors.Is(failed, ErrCommitUnknown) {
		err = fmt.Errorf("invalidate: %w: %s; after that: %w", ErrCommitUnknown, endedByFn, err)
		return &txError{ErrCommitUnknown, errors.Join(err, b.Flush(ctx, true))}
	}
	b.Discard(!b.ReadOnly())
	if failed != nil && !over {
		err = errors.Join(err, fmt.Errorf("invalidate: rollback: %w", failed))
	}
	return &txError{ErrRolledBack, err}
}

func commit(ctx context.Context, tx Transaction, b *batch.Batch) error {
	returned := false
	defer func() {
		if !returned { // a driver that panics may have sent the COMMIT
			_ = b.Flush(ctx, true)
		}
	}()
	err := tx.Commit()
	returned = true
	if err == nil {
		if err := b.Flush(ctx, false); err != nil {
			return &txError{errCommitted, err}
		}
		return nil
	}
	if rolledBack(err) {
		b.Discard(true)
		return &txError{ErrRolledBack, fmt.Errorf("invalidate: commit: %w", err)}
	}
	// If it was committed the pages are old; if not, they are made again.
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() == nil {
		err = fmt.Errorf("%s: %w", endedByFn, err)
	}
	err = fmt.Errorf("invalidate: commit: %w: %w", ErrCommitUnknown, err)
	return &txError{ErrCommitUnknown, errors.Join(err, b.Flush(ctx, true))}
}

// rolledBack reports whether err, which a COMMIT returned, says that the transaction
// was rolled back.
func rolledBack(err error) bool { return errors.Is(err, ErrRolledBack) || batch.SaysRolledBack(err) }
