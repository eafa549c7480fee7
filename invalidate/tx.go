package invalidate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uncache/uncache/invalidate/internal/batch"
)

// A Transaction is a transaction of database/sql, or one built on that: a [*sql.Tx], a
// *sqlx.Tx. Commit and Rollback return [sql.ErrTxDone] after it has ended. A bun.Tx
// cannot be used where there is an [Outbox], since it writes arguments into the query
// itself: use package bunhook.
//
// A transaction of another kind may say more by its errors, in the sense of errors.Is.
// Commit returns [ErrRolledBack] if it was rolled back. Rollback returns
// [ErrCommitUnknown] if the transaction was ended before, and not because the context
// is done.
type Transaction interface {
	Execer
	// Commit commits.
	Commit() error
	// Rollback rolls back.
	Rollback() error
}

// A Beginner begins transactions: a [*sql.DB], a [*sql.Conn], and what embeds one.
type Beginner interface {
	// BeginTx begins a transaction, as [sql.DB.BeginTx] does.
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

// Transact is [Invalidator.InTx] for transactions of another type. begin begins one:
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
	// The outer batch, if there is one, may be discarded later. This commit stays.
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

// run runs fn, and rolls back unless tx may be committed. It does not recover: a panic
// goes on with its own stack.
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
	// When ctx is done database/sql rolls back by itself, and Commit answers ErrTxDone,
	// as if fn had committed. Now it is still known that no COMMIT was sent.
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
	// If ctx is done, database/sql has ended the transaction by a rollback. Otherwise
	// fn has ended it, perhaps by a COMMIT.
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
	// If it was committed the pages are old. If not, they are rendered again for
	// nothing.
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() == nil {
		err = fmt.Errorf("%s: %w", endedByFn, err)
	}
	err = fmt.Errorf("invalidate: commit: %w: %w", ErrCommitUnknown, err)
	return &txError{ErrCommitUnknown, errors.Join(err, b.Flush(ctx, true))}
}

// rolledBack reports whether err, which a COMMIT returned, says that the transaction
// was rolled back.
func rolledBack(err error) bool { return errors.Is(err, ErrRolledBack) || batch.SaysRolledBack(err) }
