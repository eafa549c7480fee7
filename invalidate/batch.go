package invalidate

import (
	"context"
	"errors"
	"sync"

	"github.com/uncache/uncache/cache"
)

// A Batch gathers what Invalidate is told in its context, and purges it as one
// change when it is flushed: for many saves at once, and for a transaction that
// somebody else runs. It is safe for concurrent use.
type Batch struct {
	parent *Batch // around it, which it is a part of
	owner  *Batch // of a transaction: what Begin was called on

	flushing chan struct{} // holds a token while a Flush is under way

	rolledBack func() // tells those who render in the batch's context

	mu     sync.Mutex
	state  state
	apart  bool     // it is of a transaction of its own, and is handed to nobody
	queued []*entry // in the order of their first
	owed   []*entry // of saves that have committed, and could not be purged
	txs    []*Batch // transactions that are open, see Begin
	beside bool     // while they are, something was saved in none of them

	readOnly bool // it is of a transaction that can write nothing

	marks []Mark // those that are of use
	made  int    // how many there were
	since int    // where in queued the newest is: nothing is merged across it
}

type state int

const (
	open state = iota
	flushed
	discarded
)

type batchKey struct{}

// WithBatch returns a context in which [Invalidator.Invalidate] queues rather
// than purges, and the batch that it queues in. What is neither flushed nor
// discarded is never purged.
//
// Saves that commit one by one are flushed however they end. One that fails
// undoes none of those before it:
//
//	ctx, batch := invalidate.WithBatch(ctx)
//	defer func() { err = errors.Join(err, batch.Flush(ctx)) }()
//
// Around a transaction that somebody else runs, Flush belongs after COMMIT, and
// FlushUnknown after one that failed and left open whether it has committed: to
// purge what did not change costs a rendering, no more. Discard belongs after
// ROLLBACK, and where no COMMIT was sent. With an [Outbox], Enqueue belongs
// before COMMIT.
//
// Rows that were saved in the batch have not been purged, and may not have been
// committed. So the context also bypasses the cache ([cache.WithBypass]):
// nobody is to be served what only this batch has read, and it reads what it
// has written itself.
//
// In a context that carries a batch already, the new one is a part of it, as a
// savepoint is of a transaction: Flush hands what it has gathered to the outer
// batch, to be purged with it or discarded with it, and Discard drops that part
// only.
//
// What is said in the context of a batch that has ended is queued in the batch
// around it, or purged at once.
func WithBatch(ctx context.Context) (context.Context, *Batch) {
	return withBatch(ctx, newBatch(ctx, BatchOf(ctx)))
}

// NewBatch returns a batch for a transaction that was begun in ctx. It is no part of
// the batch that ctx may carry, which may yet be discarded while the COMMIT stays. It
// is for code that sees the statements of others in their transactions, and gives each
// its context ([Batch.In]); otherwise [WithBatch] and [Transact] are simpler.
func NewBatch(ctx context.Context) *Batch { return newBatch(ctx, nil) }

// In returns ctx with b as its batch, in place of that which it may carry.
func (b *Batch) In(ctx context.Context) context.Context {
	ctx, _ = withBatch(ctx, b)
	return ctx
}

func newBatch(ctx context.Context, parent *Batch) *Batch {
	return &Batch{parent: parent, flushing: make(chan struct{}, 1), rolledBack: func() { cache.RolledBack(ctx) }}
}

func withBatch(ctx context.Context, b *Batch) (context.Context, *Batch) {
	return context.WithValue(cache.WithBypass(ctx), batchKey{}, b), b
}

// BatchOf returns the innermost batch that ctx carries, which may have ended, or
// nil.
func BatchOf(ctx context.Context) *Batch {
	b, _ := ctx.Value(batchKey{}).(*Batch)
	return b
}

// Gathers reports whether what Invalidate is told in ctx is queued at present, in a
// batch or a transaction, and not purged at once. It is for code that knows of a save
// that has committed by itself: it cannot leave it to a batch that may be discarded.
func Gathers(ctx context.Context) bool { return BatchOf(ctx).gathers() }

// Flush ends the batch and purges what it has gathered, as one change for each
// Invalidator that was used in it. Like every purge, these have the values of
// ctx but outlive its cancellation.
//
// The errors, joined, are each a [*PurgeError]. What could not be purged, and is
// not kept in an [Outbox], stays in the batch, and Flush may be called again. A
// Flush that comes while another one is under way waits for it, and then tries
// what that could not purge. So nil means that all is purged, whoever did it, or
// handed on: Flush of a part of another batch purges nothing unless that has been
// flushed before.
func (b *Batch) Flush(ctx context.Context) error { return b.flush(ctx, false) }

// FlushUnknown is Flush for when it is not known whether the transaction was
// committed, nor whether it still may be: it purges, and leaves what Enqueue has
// written to be purged again:
//
//  1. the connection is lost before COMMIT is answered
//  2. FlushUnknown purges            a reader still reads, and stores, the old row
//  3. the server commits             and with it the rows of the outbox
//  4. the relay finds them, purges   the reader's page is gone
//
// What it could not purge is [ErrKept] if it was enqueued: if the transaction
// was not committed there is nothing to purge. A page that is being rendered in the
// batch's context may show what was not, and is not stored.
func (b *Batch) FlushUnknown(ctx context.Context) error { return b.flush(ctx, true) }

func (b *Batch) flush(ctx context.Context, unknown bool) error {
	b.flushing <- struct{}{}
	defer func() { <-b.flushing }()
	changes := b.end(flushed)
	for _, c := range changes {
		c.unknown = c.unknown || unknown
	}
	if unknown { // though nothing was said: something may have been saved, and undone
		b.rolledBack()
	}
	if b.handOn(changes) {
		changes = nil
	}
	changes = append(b.takeOwed(), changes...)
	var tell []func() error
	var failed []*entry
	for _, c := range changes {
		unpurged, told := c.Purge(ctx, c.ids, c.unknown)
		if tell = append(tell, told); unpurged {
			failed = append(failed, c)
		}
	}
	b.owe(failed)
	// When all is done: an Observe that panics is to cost no purge.
	var errs []error
	for _, told := range tell {
		errs = append(errs, told())
	}
	return errors.Join(errs...)
}

// handOn hands changes to the batch that b is a part of. It reports whether they
// are its affair now.
func (b *Batch) handOn(changes []*entry) bool {
	if b.isApart() {
		return false
	}
	for p := b.parent; p != nil; p = p.parent {
		switch p.take(changes) {
		case open:
			return true
		case discarded: // and all that was part of it
			return true
		}
	}
	return false
}

func (b *Batch) isApart() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.apart
}

// Discard ends the batch and drops what it has gathered. A page that is being
// rendered in its context may show that, and is not stored. After Flush it does
// nothing: what was saved is to be purged, also by a Flush that has to be called
// again.
func (b *Batch) Discard() { b.discard(false) }

// discard is Discard of what was rolled back. Something may have been saved though
// nothing was said of it: wrote is whether that is to be supposed.
func (b *Batch) discard(wrote bool) {
	if len(b.end(discarded)) > 0 || wrote {
		b.rolledBack()
	}
}

// end ends the batch, unless it has ended otherwise, and returns what was in it
// if it ended so.
func (b *Batch) end(as state) []*entry {
	defer b.owner.ended(b, as)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == open {
		b.state = as
	}
	if b.state != as {
		return nil
	}
	var queued []*entry // what marks kept apart is one again
	for _, c := range b.queued {
		queued = join(queued, 0, c)
	}
	b.queued = nil
	return queued
}

// owe remembers what could not be purged, until the next Flush. The data is
// saved, so that no Discard may drop it. In a transaction it is for whoever has
// the batch that it was begun in.
func (b *Batch) owe(failed []*entry) {
	if b.owner != nil {
		b = b.owner
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range failed {
		b.owed = join(b.owed, 0, c)
	}
}

func (b *Batch) takeOwed() []*entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	owed := b.owed
	b.owed = nil
	return owed
}

// queue queues c in b or, if that has ended, in the first batch around it that
// has not. It reports whether there is one. A nil b has none.
func (b *Batch) queue(c Change) bool {
	for ; b != nil; b = b.parent {
		if b.take([]*entry{{Change: c}}) == open {
			return true
		}
	}
	return false
}

// take queues changes in the transactions that are open, and in b if that is open.
// It returns open if that is enough, or else the state of b.
func (b *Batch) take(changes []*entry) state {
	told := b.tell(changes)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.state == open: // it may be about what b is of, and not about them
		for _, c := range changes {
			b.queued = join(b.queued, b.since, c)
		}
		return open
	case told:
		return open
	}
	return b.state
}
