package integrate

import (
	"context"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/batch"
)

// Begin returns the batch of a transaction that begins in ctx, or nil if ctx carries
// no batch. It is for code that sees transactions and cannot change the contexts that
// are used in them; otherwise [NewBatch] is simpler.
//
// Until it ends, it queues what is invalidated in the context that carries the outer
// batch. If several transactions are open there, each of them queues it, and so does
// the outer batch unless that has ended: nobody knows which it belongs to, and a purge
// too many costs one rendering.
//
// If it is discarded, a page that is being rendered in ctx is not stored.
//
// Flush purges, whatever becomes of the outer batch. What it cannot purge is tried
// again by the next Flush of the outer batch.
//
// After another save in the same context has committed ([Outside], or a Flush of
// another transaction) Invalidate also purges at once: it may be about that save.
func Begin(ctx context.Context) *invalidate.Batch { return begin(ctx, false) }

// BeginReadOnly is [Begin] for a transaction that writes nothing. What is invalidated
// while it is open goes where it would go without it. Enqueue writes nothing. If the
// database allowed a write anyway, Flush purges it.
func BeginReadOnly(ctx context.Context) *invalidate.Batch { return begin(ctx, true) }

func begin(ctx context.Context, readOnly bool) *invalidate.Batch {
	b := batch.Of(ctx)
	if b == nil {
		return nil
	}
	return (*invalidate.Batch)(b.Begin(ctx, readOnly))
}

// Outside says that a save in ctx may have committed outside of the transactions of
// [Begin], for instance by a statement that commits by itself. From then on, while one
// of them is open, Invalidate also purges at once.
func Outside(ctx context.Context) { batch.Of(ctx).Outside() }
