package invalidate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uncache/uncache/invalidate/internal/batch"
)

// Savepoint runs fn in a savepoint of the transaction in which tx runs statements.
//
// If fn returns nil, what it invalidated is purged when the transaction commits. If fn
// returns an error, panics or ends its goroutine, or if ctx is done, the savepoint is
// rolled back and nothing of it is purged.
//
// ctx is the transaction's context, such as the one of fn in [Invalidator.InTx]. A
// context without a batch is an error. Savepoints may be nested, but not used by
// several goroutines at once.
//
// After [ErrRolledBack], which wraps fn's error, the transaction may go on without what
// fn did. After any other error roll the transaction back.
//
// The statements are SAVEPOINT, RELEASE SAVEPOINT and ROLLBACK TO SAVEPOINT.
func Savepoint(ctx context.Context, tx Execer, fn func(ctx context.Context) error) (err error) {
	b := batch.Of(ctx)
	if !b.Gathers() {
		return errors.New("invalidate: Savepoint: the context is not of a transaction: Invalidate would purge before COMMIT")
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

// undoTimeout is how long the rollback of a savepoint may take. Its own context may be
// done.
const undoTimeout = 5 * time.Second

// undo rolls back because of err, which is nil in a panic.
func (s *savepoint) undo(ctx context.Context, err error) error {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	if _, failed := s.tx.ExecContext(within, "ROLLBACK TO SAVEPOINT "+s.name); failed != nil {
		// If the transaction is committed despite that, it may be with what fn did.
		failed = fmt.Errorf("invalidate: rollback to savepoint: %w", failed)
		return &txError{nil, errors.Join(err, failed, s.batch.Flush(ctx, false))}
	}
	s.batch.Discard(true)
	// The savepoint still exists. One is harmless, but many cost the server.
	if _, failed := s.tx.ExecContext(within, "RELEASE SAVEPOINT "+s.name); failed != nil {
		return &txError{nil, errors.Join(err, fmt.Errorf("invalidate: release savepoint: %w", failed))}
	}
	return &txError{ErrRolledBack, err}
}
