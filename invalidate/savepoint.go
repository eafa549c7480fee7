package invalidate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uncache/uncache/invalidate/internal/batch"
)

// Savepoint runs fn in a savepoint of the transaction that tx runs statements
// in. If fn returns nil, what Invalidate was told in fn's context goes the way of
// the transaction. If it returns an error or panics, or ends its goroutine, or if
// ctx is done when it returns, what fn did is rolled back, and none of what it
// told is purged.
//
// ctx is the context of the transaction, that of fn in [Invalidator.InTx] for
// instance. It is an error if it carries no batch, for Invalidate would purge
// before COMMIT. Savepoints may be nested, one context in another; they are not
// for several goroutines at once, as transactions are not.
//
//	err := inv.InTx(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
//		if err := saveOrder(ctx, tx); err != nil {
//			return err
//		}
//		err := invalidate.Savepoint(ctx, tx, func(ctx context.Context) error {
//			return saveCoupon(ctx, tx)
//		})
//		if errors.Is(err, invalidate.ErrRolledBack) {
//			return nil // the order without the coupon
//		}
//		return err
//	})
//
// An error that is [ErrRolledBack] says that fn was undone and the transaction may
// go on; it is fn's own if fn returned one. After any other the transaction is to
// be rolled back: the savepoint could not be made, or not be undone.
//
// The statements are SAVEPOINT, RELEASE SAVEPOINT and ROLLBACK TO SAVEPOINT, as
// PostgreSQL, MySQL, MariaDB and SQLite have them.
func Savepoint(ctx context.Context, tx Execer, fn func(ctx context.Context) error) (err error) {
	b := batch.Of(ctx)
	if !b.Gathers() {
		return errors.New("invalidate: Savepoint: the context is not that of a transaction: Invalidate would purge before COMMIT")
	}
	s := savepoint{tx: tx, name: fmt.Sprintf("uncache_%d", b.Depth())}
	s.batch = batch.New(ctx, b)
	ctx = batch.With(ctx, s.batch)
	if _, err := tx.ExecContext(ctx, "SAVEPOINT "+s.name); err != nil {
		s.batch.Discard(false)
		return fmt.Errorf("invalidate: savepoint: %w", err)
	}
	well := false
	defer func() {
		if !well {
			err = s.undo(ctx, err)
		}
	}()
	if err := fn(ctx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("invalidate: rolled back to the savepoint: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "RELEASE SAVEPOINT "+s.name); err != nil {
		return fmt.Errorf("invalidate: release savepoint: %w", err)
	}
	well = true
	return s.batch.Flush(ctx, false)
}

type savepoint struct {
	tx    Execer
	name  string
	batch *batch.Batch
}

// undoTimeout is how long it may take to undo a savepoint whose own context may
// be done.
const undoTimeout = 5 * time.Second

// undo rolls back because of err, which is nil in a panic.
func (s *savepoint) undo(ctx context.Context, err error) error {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	if _, failed := s.tx.ExecContext(within, "ROLLBACK TO SAVEPOINT "+s.name); failed != nil {
		// Should the transaction be committed all the same, it may be with this.
		failed = fmt.Errorf("invalidate: rollback to savepoint: %w", failed)
		return &txError{nil, errors.Join(err, failed, s.batch.Flush(ctx, false))}
	}
	s.batch.Discard(true)
	// It still stands. Nobody minds one that is left over, but many of them.
	if _, failed := s.tx.ExecContext(within, "RELEASE SAVEPOINT "+s.name); failed != nil {
		return &txError{nil, errors.Join(err, fmt.Errorf("invalidate: release savepoint: %w", failed))}
	}
	return &txError{ErrRolledBack, err}
}
