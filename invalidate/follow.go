package invalidate

import (
	"context"
	"slices"

	"github.com/uncache/uncache/cache"
)

// Follow returns a context in which [Invalidator.Invalidate] follows the
// transactions that a driver begins in it (package connector): while one is
// open it queues, to purge after COMMIT and not after ROLLBACK; otherwise it
// purges at once. While one is open the context also bypasses the cache.
//
// Unlike that of [WithBatch] the batch never gathers anything by itself, and may
// stay without Flush. But if a purge fails after a COMMIT there is nobody to
// return its error to, for the data is saved: Flush tries again and returns it.
func Follow(ctx context.Context) (context.Context, *Batch) {
	b := newBatch(BatchOf(ctx))
	b.state = flushed
	ctx = cache.WithBypassWhile(ctx, b.inTransaction)
	return context.WithValue(ctx, batchKey{}, b), b
}

// Begin returns the batch of a transaction that begins in b's context. It is for
// code that runs transactions and cannot change the contexts that are used in
// them; otherwise [WithBatch] is simpler.
//
// Until it has been flushed or discarded, what is said in the context of b is
// queued in it and not in b; if there are several, in each of them, since nobody
// knows which it belongs to: purged too often it does no harm. Unlike a part of
// b it purges when it is flushed, whatever becomes of b, and whether or not that
// has ended. What it cannot purge is tried again by the next Flush of b.
func (b *Batch) Begin() *Batch {
	tx := newBatch(nil)
	tx.owner = b
	b.mu.Lock()
	defer b.mu.Unlock()
	b.txs = append(b.txs, tx)
	return tx
}

// ended says that a transaction is over. A nil b has none.
func (b *Batch) ended(tx *Batch) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.txs = slices.DeleteFunc(b.txs, func(o *Batch) bool { return o == tx })
}

func (b *Batch) inTransaction() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.txs) > 0
}

// tell queues changes in each transaction that is open, and reports whether
// there was one.
func (b *Batch) tell(changes []*change) bool {
	b.mu.Lock()
	txs := slices.Clone(b.txs)
	b.mu.Unlock()
	told := false
	for _, tx := range txs {
		own := make([]*change, len(changes))
		for i, c := range changes {
			own[i] = c.clone()
		}
		// It may have ended since. Then b hears of what came too late.
		told = tx.take(own) == open || told
	}
	return told
}
