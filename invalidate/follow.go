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
	b := newBatch(ctx, BatchOf(ctx))
	b.state = flushed
	ctx = cache.WithBypassWhile(ctx, b.inTransaction)
	return context.WithValue(ctx, batchKey{}, b), b
}

// Begin is for code that integrates a driver or an ORM, which runs transactions and
// cannot change the contexts that are used in them; otherwise [WithBatch] is simpler.
// It returns the batch of a transaction that begins in ctx, which carries b. A page
// that is being rendered in ctx, though not yet in the context that b came with, is
// not stored if the batch is discarded.
//
// Until it has been flushed or discarded, what is said in the context of b is
// queued in it; if there are several, in each of them, and in b if that has not
// ended, since nobody knows which it belongs to: purged too often it does no harm.
// Unlike a part of b it purges when it is flushed, whatever becomes of b, and
// whether or not that has ended. What it cannot purge is tried again by the next
// Flush of b.
//
// What is said after something else was saved, in b's context while it is open
// ([Batch.Outside], or another of these that was flushed), may be about that: it is
// purged at once, too, and not only if this transaction commits.
func (b *Batch) Begin(ctx context.Context) *Batch { return b.begin(ctx, false) }

// BeginReadOnly is [Batch.Begin] for a transaction that is to write nothing. What is
// said while it is open is not about it: it goes where it would go without. Enqueue
// writes nothing, for it could not. Should the database not have minded, and
// something be written all the same, Flush purges what was said.
func (b *Batch) BeginReadOnly(ctx context.Context) *Batch { return b.begin(ctx, true) }

func (b *Batch) begin(ctx context.Context, readOnly bool) *Batch {
	tx := newBatch(ctx, nil)
	tx.owner, tx.readOnly = b, readOnly
	b.mu.Lock()
	defer b.mu.Unlock()
	b.txs = append(b.txs, tx)
	return tx
}

// Outside is for code that integrates a driver or an ORM. It says that something may
// have been saved in b's context in none of the transactions that Begin knows of, by
// a statement that commits by itself for instance: see there. If none is open it says
// nothing new, nor if b is nil.
func (b *Batch) Outside() {
	for ; b != nil; b = b.parent {
		b.mu.Lock()
		b.beside = len(b.txs) > 0
		b.mu.Unlock()
	}
}

// ended says that a transaction is over, and how. A nil b has none.
func (b *Batch) ended(tx *Batch, as state) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	open := len(b.txs)
	b.txs = slices.DeleteFunc(b.txs, func(o *Batch) bool { return o == tx })
	if len(b.txs) == open { // it was over
		return
	}
	b.beside = len(b.txs) > 0 && (b.beside || as == flushed && !tx.readOnly)
}

func (b *Batch) inTransaction() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.txs) > 0
}

// tell queues changes in each transaction that is open, and reports whether it is
// for these to purge them.
func (b *Batch) tell(changes []*entry) bool {
	b.mu.Lock()
	txs, beside := slices.Clone(b.txs), b.beside
	b.mu.Unlock()
	told := false
	for _, tx := range txs {
		own := make([]*entry, len(changes))
		for i, c := range changes {
			own[i] = c.clone()
		}
		// It may have ended since. Then b hears of what came too late.
		told = tx.take(own) == open && !tx.readOnly || told
	}
	return told && !beside
}
