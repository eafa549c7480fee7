package batch

import "slices"

// A Mark is a place in a batch. It stands for a savepoint of a transaction. The zero
// Mark is void.
type Mark struct {
	id int // counted from 1
	at int // how much was queued before it
}

// Mark marks the place where the batch is now.
func (b *Batch) Mark() Mark {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.made++
	b.since = len(b.queued)
	m := Mark{b.made, b.since}
	b.marks = append(b.marks, m)
	return m
}

// Rewind drops what was queued since m.
func (b *Batch) Rewind(m Mark) {
	if b.rewind(m) {
		b.rolledBack()
	}
}

// rewind reports whether it has dropped anything.
func (b *Batch) rewind(m Mark) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.Index(b.marks, m)
	if b.state != open {
		return false
	}
	if i < 0 { // m is void: what was written may be rolled back, any of it
		for _, e := range b.queued {
			e.written = nil
		}
		return false
	}
	b.marks = b.marks[:i+1]
	dropped := len(b.queued) > m.at
	clear(b.queued[m.at:])
	b.queued = b.queued[:m.at]
	b.since = m.at
	return dropped
}
