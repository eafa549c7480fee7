// Package integrate is for adapters: code that sees the transactions and the saves of an
// ORM, a driver or a queue, and has package invalidate purge what they changed.
// Applications do not need it.
//
// An adapter does three things:
//
//   - It gives each transaction a batch. [NewBatch] is for an adapter that hands the
//     context of a transaction to the code inside it, by [WithBatch]. [Begin] is for
//     one that cannot, as a driver cannot.
//   - It names the models that were saved, in the context of that batch, to
//     [invalidate.Invalidator.Invalidate].
//   - It ends the batch as the transaction ended, by a method of [invalidate.Batch]:
//     Commit commits and purges; or Enqueue before COMMIT, and after it Flush,
//     FlushUnknown or Discard. [RolledBack] tells which.
//
// A save outside of a transaction commits by itself. Then [Gathers] says whether
// Invalidate purges now, and [Refused] whether a statement that failed has changed
// anything. [NewMark] and [Rewind] follow savepoints.
//
// The packages connector, pgxtx, gormplugin, enthook and bunhook are such adapters.
// docs/adapters.md goes through what an adapter has to get right.
package integrate

import (
	"context"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/batch"
)

func inner(b *invalidate.Batch) *batch.Batch { return (*batch.Batch)(b) }

// NewBatch returns a batch for a transaction that was begun in ctx. It is no part of
// the batch that ctx may carry: that may be discarded while the COMMIT stays. If it is
// discarded, a page that is being rendered in ctx is not stored.
//
// It is for code that sees the statements of others in their transactions, and gives
// each its context by [WithBatch]. In an application [invalidate.WithBatch] and
// [invalidate.Transact] are simpler.
func NewBatch(ctx context.Context) *invalidate.Batch {
	return (*invalidate.Batch)(batch.New(ctx, nil))
}

// WithBatch returns ctx with b as its batch, in place of one that ctx may carry. The
// context bypasses the cache.
func WithBatch(ctx context.Context, b *invalidate.Batch) context.Context {
	return batch.With(ctx, inner(b))
}

// Gathers reports whether Invalidate in ctx queues, in a batch or a transaction, and
// does not purge at once. Ask it about a save that has committed by itself: its purge
// must not wait in a batch that may be discarded.
func Gathers(ctx context.Context) bool { return batch.Of(ctx).Gathers() }
