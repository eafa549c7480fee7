package invalidate

import (
	"context"

	"github.com/uncache/uncache/invalidate/internal/batch"
)

// A Batch queues what is invalidated in its context, and purges it as one change when
// it is flushed: for many saves at once, and for a transaction that other code runs.
// It is safe for concurrent use.
type Batch batch.Batch

// It is a defined type, and not a struct around one of package batch, so that it
// carries no method that is not an application's, and package integrate can convert it.

func (b *Batch) inner() *batch.Batch { return (*batch.Batch)(b) }

// WithBatch returns a context in which [Invalidator.Invalidate] queues instead of
// purging, and the batch that it queues in. A batch that is not flushed purges nothing:
//
//	ctx, batch := invalidate.WithBatch(ctx)
//	defer func() { err = errors.Join(err, batch.Flush(ctx)) }()
//
// Around a transaction that other code runs, call
//
//	Enqueue         before COMMIT, if there is an Outbox
//	Flush           after COMMIT
//	FlushUnknown    after a COMMIT that may have succeeded
//	Discard         after ROLLBACK, and where no COMMIT was sent
//
// The context bypasses the cache ([cache.WithBypass]). In a context that carries a
// batch, the new one is a part of that: Flush hands its changes over, and Discard drops
// them. After a batch has ended, Invalidate queues in the batch around it, or purges.
func WithBatch(ctx context.Context) (context.Context, *Batch) {
	b := batch.New(ctx, batch.Of(ctx))
	return batch.With(ctx, b), (*Batch)(b)
}

// BatchOf returns the innermost batch that ctx carries, or nil. It may have ended.
func BatchOf(ctx context.Context) *Batch { return (*Batch)(batch.Of(ctx)) }

// Follow returns a context in which [Invalidator.Invalidate] follows the transactions
// that a driver begins in it (package connector). While one is open, Invalidate queues:
// its COMMIT purges, its ROLLBACK purges nothing. Otherwise Invalidate purges at once.
// While one is open the context also bypasses the cache.
//
// Unlike that of [WithBatch], this batch need not be flushed. But a purge that fails
// after a COMMIT has no caller to return its error to: Flush tries it again and
// returns the error.
func Follow(ctx context.Context) (context.Context, *Batch) {
	ctx, b := batch.Follow(ctx)
	return ctx, (*Batch)(b)
}

// Enqueue writes what the batch has queued to the [Outbox] of each Invalidator that
// has one. x runs statements in the batch's transaction.
//
// Call it right before COMMIT, and in no savepoint that may be rolled back. After an
// error, roll the transaction back. What is queued later, or for an Invalidator
// without an Outbox, is purged by Flush. So is what was invalidated with the context
// around an [Invalidator.InTx]. After the batch has ended, Enqueue writes nothing.
func (b *Batch) Enqueue(ctx context.Context, x Execer) error { return b.inner().Enqueue(ctx, x) }

// Flush ends the batch and purges what it has queued, as one change for each
// Invalidator that was used in it. The purges keep the values of ctx, but not its
// cancellation.
//
// The errors, joined, are each a [*PurgeError]. What could not be purged, and is not
// kept in an [Outbox], stays in the batch: call Flush again. A Flush during another
// one waits for it, and then tries what that could not purge. So nil means that
// everything is purged, by this call or another, or handed to the outer batch: Flush
// of a part purges nothing unless the outer batch has been flushed before.
func (b *Batch) Flush(ctx context.Context) error { return b.inner().Flush(ctx, false) }

// FlushUnknown is Flush for a transaction that may or may not have committed, and may
// still commit. It purges, and leaves what Enqueue has written to be purged again:
//
//	the connection is lost before COMMIT is answered
//	FlushUnknown purges           a reader reads, and stores, the old row
//	the server commits            and with it the rows of the outbox
//	the relay finds the rows      and purges: the reader's page is gone
//
// An enqueued change that it could not purge is [ErrKept]. If the transaction was not
// committed, there is nothing to purge. A page that is being rendered in the batch's
// context may show rows that were not committed, and is not stored.
func (b *Batch) FlushUnknown(ctx context.Context) error { return b.inner().Flush(ctx, true) }

// Discard ends the batch and drops what it has queued. A page that is being rendered
// in its context may show that, and is not stored. After Flush, Discard does nothing:
// what is saved stays to be purged, also by another Flush.
func (b *Batch) Discard() { b.inner().Discard(false) }
