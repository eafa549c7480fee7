package invalidate

import (
	"context"

	"github.com/uncache/uncache/cache"
)

// A TxPurger is a [Purger] that may be able to purge in the transaction of a save: a page
// cache whose log is a [cache.TxLog] in the database of the models. Then COMMIT is the
// purge, ROLLBACK purges nothing, and there is nothing to lose between the two.
//
// [Invalidator.InTx], [Transact] and [Batch.Enqueue] use it. A save that has no
// transaction, or one in another database, is purged after it.
type TxPurger interface {
	Purger

	// PurgeTx purges e in the transaction of exec. The purge takes effect at the moment
	// at which the data becomes visible. PurgeTx returns what is left to do after
	// COMMIT, which may fail as a Purge may. Nil says that nothing was done, and that
	// Purge is to be called after COMMIT. After an error the transaction is rolled back.
	// PurgeTx neither keeps nor changes e.Dependencies.
	PurgeTx(ctx context.Context, exec cache.Exec, e cache.Event) (then func(ctx context.Context) error, err error)
}

// PurgeTx has each of ps that is a [TxPurger] purge in the transaction. The others purge
// after COMMIT. It returns nil if all of them do.
func (ps Purgers) PurgeTx(ctx context.Context, exec cache.Exec, e cache.Event) (then func(ctx context.Context) error, err error) {
	rest := make(Purgers, len(ps))
	some := false
	for i, p := range ps {
		rest[i] = p
		tx, ok := p.(TxPurger)
		if !ok {
			continue
		}
		left, err := tx.PurgeTx(ctx, exec, e)
		if err != nil {
			return nil, err
		}
		if left != nil {
			some = true
			rest[i] = PurgerFunc(func(ctx context.Context, _ cache.Event) error { return left(ctx) })
		}
	}
	if !some {
		return nil, nil
	}
	own := e
	own.Dependencies = append([]cache.Dependency(nil), e.Dependencies...)
	return func(ctx context.Context) error { return rest.Purge(ctx, own) }, nil
}
