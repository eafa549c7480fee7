package invalidate

import "slices"

// A Mark is a place in a [Batch], as a savepoint is one in a transaction.
type Mark struct {
	id int // counted from 1
	at int // how much was queued before it
}

// Mark marks a place: Rewind drops what is gathered after it. It is for code
// that sees the savepoints of a transaction but not the contexts that are used
// in them; otherwise [Savepoint] is simpler.
func (b *Batch) Mark() Mark {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.made++
	b.since = len(b.queued)
	m := Mark{b.made, b.since}
	b.marks = append(b.marks, m)
	return m
}

// Rewind is for code that integrates a driver or an ORM. It drops what the batch has
// gathered since m, as ROLLBACK TO does with a transaction, and may be called again.
// It makes the marks that came after m void, and Enqueue all of them. Rewind drops
// nothing for a mark that is void, the zero Mark for one, nor if the batch has ended:
// what did not change is then purged, which costs a rendering. But what Enqueue had
// written is then to be enqueued once more: its rows may have been rolled back, too,
// and those of what was saved before the savepoint with them.
func (b *Batch) Rewind(m Mark) {
	if b.rewind(m) {
		b.rolledBack()
	}
}

// rewind reports whether something was dropped.
func (b *Batch) rewind(m Mark) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.Index(b.marks, m)
	if b.state != open {
		return false
	}
	if i < 0 {
		for _, c := range b.queued {
			c.ids = nil
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
