package invalidate

import (
	"context"
	"fmt"
)

// Commit commits tx, a transaction that the batch is of and that somebody else
// began, and purges, as [Invalidator.InTx] does when its fn has returned:
// Enqueue, COMMIT, and then Flush, FlushUnknown or Discard. It is for code that
// has the transaction in hand but is not called around it.
//
// Though the batch be a part of another, it purges now: that one may yet be
// discarded, and this commit stays.
//
// ctx is that which the transaction was begun with. The error is that of InTx.
func (b *Batch) Commit(ctx context.Context, tx Transaction) error {
	b.mu.Lock()
	b.apart = true
	b.mu.Unlock()
	// As in InTx: later this cannot be told from a COMMIT of somebody else.
	if err := ctx.Err(); err != nil {
		return rollback(ctx, tx, b, fmt.Errorf("invalidate: rolled back: %w", err))
	}
	if err := b.Enqueue(ctx, tx); err != nil {
		return rollback(ctx, tx, b, err)
	}
	return commit(ctx, tx, b)
}
