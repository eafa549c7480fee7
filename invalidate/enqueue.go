package invalidate

import (
	"context"
	"errors"
)

// Enqueue writes what the batch has gathered to the [Outbox] of each Invalidator
// that has one, by x, which runs statements in the transaction that the batch is
// of. It belongs right before COMMIT, and in no savepoint that may be rolled back,
// the rows with it; after an error the transaction is to be rolled back. What is
// gathered later, or for an Invalidator without an Outbox, or was said with the context
// around an [Invalidator.InTx], is purged by Flush as it would be without Enqueue. A
// batch that has ended has nothing to write.
func (b *Batch) Enqueue(ctx context.Context, x Execer) error {
	b.flushing <- struct{}{}
	defer func() { <-b.flushing }()
	var errs []error
	changes := b.unsealed()
	defer b.seal(changes) // also if a driver panics
	for _, c := range changes {
		ids, err := c.Enqueue(ctx, x)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.ids = ids
	}
	return errors.Join(errs...)
}

// unsealed takes from b, and merges, what may be written to an outbox and was
// not yet.
func (b *Batch) unsealed() []*entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state != open || b.readOnly {
		return nil
	}
	var rest, changes []*entry
	for _, c := range b.queued {
		if !c.HasOutbox() || c.ids != nil || c.elsewhere {
			rest = append(rest, c)
			continue
		}
		changes = join(changes, 0, c)
	}
	b.queued, b.since, b.marks = rest, len(rest), nil
	return changes
}

// seal puts back what unsealed took, now in the outbox. If the batch was
// discarded meanwhile, the rows are rolled back.
func (b *Batch) seal(changes []*entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == discarded {
		return
	}
	b.queued = append(b.queued, changes...)
	b.since = len(b.queued)
}
