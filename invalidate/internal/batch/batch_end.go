package batch

import (
	"context"
	"errors"
	"time"
)

// Flush ends the batch and purges what it has queued, or hands it to the batch that
// it is a part of. What failed stays, for another Flush. Unknown says that the
// changes may not have been committed, nor rolled back.
func (b *Batch) Flush(ctx context.Context, unknown bool) error {
	now := time.Now()
	b.flushing <- struct{}{}
	defer func() { <-b.flushing }()
	entries := b.end(flushed)
	for _, e := range entries {
		e.unknown = e.unknown || unknown
	}
	if unknown { // also with nothing queued: a save may have been rolled back
		b.rolledBack()
	}
	if b.handOn(entries) {
		entries = nil
	}
	entries = append(b.takeOwed(), entries...)
	var tells []func() error
	var failed []*entry
	for _, e := range entries {
		if e.saved.IsZero() && !e.unknown {
			e.saved = now
		}
		again, tell := e.Purge(ctx, e.written, e.saved)
		if tells = append(tells, tell); again {
			failed = append(failed, e)
		}
	}
	b.owe(failed)
	// Everything is purged by now, so that an Observe that panics costs no purge.
	var errs []error
	for _, tell := range tells {
		errs = append(errs, tell())
	}
	return errors.Join(errs...)
}

// Discard ends the batch and drops what it has queued. A save may have been rolled
// back though nothing was queued: wrote says whether to assume so.
func (b *Batch) Discard(wrote bool) {
	if len(b.end(discarded)) > 0 || wrote {
		b.rolledBack()
	}
}

// end ends the batch, unless it has ended in the other way. It returns what was
// queued, unless the batch has ended in the other way.
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
	var queued []*entry // what marks kept apart is merged
	for _, e := range b.queued {
		queued = join(queued, 0, e)
	}
	b.queued = nil
	return queued
}

// owe keeps what could not be purged for the next Flush. The data is saved, so no
// Discard drops it. For a transaction the batch keeps it that the transaction was
// begun in.
func (b *Batch) owe(failed []*entry) {
	if b.owner != nil {
		b = b.owner
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range failed {
		b.owed = join(b.owed, 0, e)
	}
}

func (b *Batch) takeOwed() []*entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	owed := b.owed
	b.owed = nil
	return owed
}
