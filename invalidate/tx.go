package invalidate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// ErrCommitUnknown is what [Invalidator.InTx] returns, wrapped, when COMMIT
// failed in a way that leaves open whether the transaction was committed: the
// connection was lost before the answer came.
var ErrCommitUnknown = errors.New("it is not known whether the transaction was committed")

// A Beginner begins transactions: a [*sql.DB], a [*sql.Conn], whatever embeds
// one.
type Beginner interface {
	// BeginTx begins a transaction, as [sql.DB.BeginTx] does.
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

// InTx runs fn in a transaction of db and, once COMMIT has returned, purges what
// Invalidate was told in fn's context, in one event. If fn returns an error or
// panics, or ends its goroutine, or if ctx is done when it returns, the
// transaction is rolled back and nothing is purged.
//
// fn uses its own context, in which Invalidate queues and the cache is bypassed
// ([cache.WithBypass]), and leaves COMMIT and ROLLBACK to InTx. It runs once.
// An InTx in the context of another is a transaction of its own, which purges
// when it has committed, whatever becomes of the outer one; for a savepoint use
// [WithBatch].
//
// After COMMIT the data is saved, and no error says otherwise. So errors are of
// three kinds:
//
//	var failed *invalidate.PurgeError
//	switch err := inv.InTx(ctx, db, nil, save); {
//	case err == nil:
//		// saved, and what it changed was purged
//	case errors.Is(err, invalidate.ErrCommitUnknown):
//		// saved or not; purged, unless errors.As(err, &failed)
//	case errors.As(err, &failed):
//		// saved, but failed.Event was not purged: purge it again
//	default:
//		// not saved; err is fn's own, or from BEGIN or COMMIT
//	}
//
// An error from COMMIT is [ErrCommitUnknown] unless it has a method SQLState,
// as those of PostgreSQL's drivers do, that tells of a conflict or a violated
// constraint (class 40 or 23): the server has rolled back, and nothing is
// purged.
//
// The purge takes at most Options.PurgeTimeout and outlives ctx.
func (inv *Invalidator) InTx(ctx context.Context, db Beginner, opts *sql.TxOptions, fn func(ctx context.Context, tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("invalidate: begin transaction: %w", err)
	}
	// The outer batch, if there is one, may yet be discarded; this commit stays.
	inner, batch := withBatch(ctx, new(Batch))
	err = run(inner, tx, batch, fn)
	if err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		if rolledBack(err) {
			batch.Discard()
			return fmt.Errorf("invalidate: commit: %w", err)
		}
		// If it was committed the pages are old; if not, they are made again.
		return errors.Join(fmt.Errorf("invalidate: commit: %w: %w", ErrCommitUnknown, err), batch.Flush(ctx))
	}
	return batch.Flush(ctx)
}

// run runs fn, and rolls back unless all is well and tx may be committed. There
// is no recover in it: a panic goes on with the stack that it began with.
func run(ctx context.Context, tx *sql.Tx, batch *Batch, fn func(ctx context.Context, tx *sql.Tx) error) (err error) {
	well := false
	defer func() {
		if well {
			return
		}
		batch.Discard()
		if failed := tx.Rollback(); failed != nil && !errors.Is(failed, sql.ErrTxDone) {
			err = errors.Join(err, fmt.Errorf("invalidate: rollback: %w", failed))
		}
	}()
	if err := fn(ctx, tx); err != nil {
		return err
	}
	// database/sql rolls back by itself when ctx is done, and Commit then
	// answers ErrTxDone, as it would if fn had committed. Here it is still
	// known that nobody has sent a COMMIT.
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("invalidate: rolled back: %w", err)
	}
	well = true
	return nil
}

// rolledBack reports whether err, of a COMMIT, is the server's own word that it
// rolled back.
func rolledBack(err error) bool {
	var server interface{ SQLState() string }
	if !errors.As(err, &server) {
		return false
	}
	state := server.SQLState()
	const completionUnknown = "40003"
	return strings.HasPrefix(state, "23") || strings.HasPrefix(state, "40") && state != completionUnknown
}
