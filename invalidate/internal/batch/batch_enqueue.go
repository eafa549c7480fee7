package batch

import (
	"context"
	"errors"
)

// Enqueue writes what is queued by x, to outboxes and logs. It leaves out what was
// written already, and what may be about a save outside the batch's transaction.
func (b *Batch) Enqueue(ctx context.Context, x Execer) error {
	b.flushing <- struct{}{}
	defer func() { <-b.flushing }()
	var errs []error
	entries := b.takeUnwritten()
	defer b.putBack(entries) // also if a driver panics
	for _, e := range entries {
		w, err := e.Enqueue(ctx, x)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		e.written = w
	}
	return errors.Join(errs...)
}

// takeUnwritten takes from b, and merges, what may be written in the transaction and
// was not yet.
func (b *Batch) takeUnwritten() []*entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state != open || b.readOnly {
		return nil
	}
	var rest, entries []*entry
	for _, e := range b.queued {
		if !e.Writes() || e.written != nil || e.elsewhere {
			rest = append(rest, e)
			continue
		}
		entries = join(entries, 0, e)
	}
	b.queued, b.since, b.marks = rest, len(rest), nil
	return entries
}

// putBack puts back what takeUnwritten took. If the batch was discarded meanwhile,
// the rows are rolled back.
func (b *Batch) putBack(entries []*entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == discarded {
		return
	}
	b.queued = append(b.queued, entries...)
	b.since = len(b.queued)
}
