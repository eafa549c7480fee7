package batch

import (
	"context"
	"slices"

	"github.com/uncache/uncache/cache"
)

// Follow returns a context with a batch that queues nothing itself, but in the
// transactions that Begin returns. While one is open the context bypasses the cache.
func Follow(ctx context.Context) (context.Context, *Batch) {
	b := New(ctx, Of(ctx))
	b.state = flushed
	ctx = cache.WithBypassWhile(ctx, b.inTransaction)
	return context.WithValue(ctx, contextKey{}, b), b
}

// Begin returns the batch of a transaction that begins in ctx, which carries b. Until
// it ends, a change in the context of b is queued in it. Package integrate says what
// that means for several transactions.
func (b *Batch) Begin(ctx context.Context, readOnly bool) *Batch {
	tx := New(ctx, nil)
	tx.owner, tx.readOnly = b, readOnly
	b.mu.Lock()
	defer b.mu.Unlock()
	b.txs = append(b.txs, tx)
	return tx
}

// Outside says that a save in the context of b may have committed outside the
// transactions of Begin. It says nothing if none of them is open, or if b is nil.
func (b *Batch) Outside() {
	for ; b != nil; b = b.parent {
		b.mu.Lock()
		b.beside = len(b.txs) > 0
		b.mu.Unlock()
	}
}

// ended says that a transaction has ended, and how. A nil b has none.
func (b *Batch) ended(tx *Batch, as state) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	before := len(b.txs)
	b.txs = slices.DeleteFunc(b.txs, func(o *Batch) bool { return o == tx })
	if len(b.txs) == before { // it had ended before
		return
	}
	b.beside = len(b.txs) > 0 && (b.beside || as == flushed && !tx.readOnly)
}

func (b *Batch) inTransaction() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.txs) > 0
}
