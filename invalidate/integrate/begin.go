package integrate

import (
	"context"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/batch"
)

// Begin returns the batch of a transaction that begins in ctx, or nil if ctx carries no
// batch. It is for code that sees transactions and cannot change the contexts used in
// them; otherwise [NewBatch] is simpler.
//
// Until it ends, it queues what is invalidated in the context of the outer batch. If
// several transactions are open there, each queues it, and so does the outer batch
// unless that has ended: nobody knows which it is about. After another save there has
// committed ([Outside], or a Flush), Invalidate also purges at once.
//
// Flush purges, whatever becomes of the outer batch, whose next Flush retries what
// failed. If the batch is discarded, a page being rendered in ctx is not stored.
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
