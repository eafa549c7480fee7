package enthook

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uncache/uncache/invalidate"
)

type seatKey struct{}

// A seat is where InTx finds the transaction that its begin has begun.
type seat struct{ tx *tx }

// Tx is the part of a generated *gen.Tx that [InTx] needs.
type Tx interface {
	Commit() error
	Rollback() error
}

// InTx runs fn in a transaction that begin begins with a client over a [Driver]:
// client.Tx, or a function that calls client.BeginTx. After COMMIT it purges what was
// saved, as [invalidate.Invalidator.InTx] does.
//
//	err := enthook.InTx(ctx, client.Tx, func(ctx context.Context, tx *gen.Tx) error {
//		return tx.Post.UpdateOneID(id).SetSlug("hello").Exec(ctx)
//	})
//
// The errors are those of [invalidate.Invalidator.InTx], also for the purge:
// Options.Failed is not told. In fn's context the cache is bypassed, and Invalidate
// queues.
func InTx[T Tx](ctx context.Context, begin func(ctx context.Context) (T, error), fn func(ctx context.Context, tx T) error) error {
	return invalidate.Transact(ctx, func(ctx context.Context) (transaction[T], error) {
		s := new(seat)
		t, err := begin(context.WithValue(ctx, seatKey{}, s))
		if err != nil {
			return transaction[T]{}, err
		}
		if s.tx == nil {
			err := errors.New("enthook: InTx: the client was not made with a Driver of New")
			return transaction[T]{}, errors.Join(err, t.Rollback())
		}
		return transaction[T]{Tx: t, tx: s.tx, generated: t}, nil
	}, func(ctx context.Context, t transaction[T]) error {
		t.tx.batch = invalidate.BatchOf(ctx)
		return fn(ctx, t.generated)
	})
}

// A transaction commits with the generated type, which runs the application's OnCommit
// hooks, and enqueues with the driver's transaction.
type transaction[T Tx] struct {
	Tx
	tx        *tx
	generated T
}

// Commit leaves no connection behind if an OnCommit hook refuses to commit.
func (t transaction[T]) Commit() error {
	err := t.generated.Commit()
	if err != nil {
		if failed := t.tx.Tx.Rollback(); failed != nil && !errors.Is(failed, sql.ErrTxDone) {
			err = errors.Join(err, failed)
		}
	}
	return err
}

func (t transaction[T]) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return t.tx.Tx.(execer).ExecContext(ctx, query, args...)
}
