package invalidate

import (
	"context"
	"fmt"
)

// Commit commits tx, the batch's transaction, and purges, as [Invalidator.InTx] does
// after its fn: Enqueue, COMMIT, and then Flush, FlushUnknown or Discard. It is for
// code that has the transaction in hand but does not run in a function that InTx
// could call.
//
// It purges even if the batch is a part of another one: that may be discarded later,
// and this commit stays.
//
// ctx is the context that the transaction was begun with. The error is that of InTx.
func (b *Batch) Commit(ctx context.Context, tx Transaction) error {
	inner := b.inner()
	inner.StandAlone()
	// As in InTx: later this cannot be told from a COMMIT by other code.
	if err := ctx.Err(); err != nil {
		return rollback(ctx, tx, inner, fmt.Errorf("invalidate: rolled back: %w", err))
	}
	if err := inner.Enqueue(ctx, tx); err != nil {
		return rollback(ctx, tx, inner, err)
	}
	return commit(ctx, tx, inner)
}
