package invalidate

// A Mark is a place in a [Batch], as a savepoint is one in a transaction.
type Mark struct {
	at, sealed int
}

// Mark marks a place: Rewind drops what is gathered after it. It is for code
// that sees the savepoints of a transaction but not the contexts that are used
// in them; otherwise [WithBatch] in the context of a batch is simpler.
func (b *Batch) Mark() Mark {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since = len(b.queued)
	return Mark{b.since, b.sealed}
}

// Rewind drops what the batch has gathered since m, as ROLLBACK TO does with a
// transaction. Marks that were made after m are of no use any more. If Enqueue
// was called since, or the batch has ended, Rewind drops nothing: what did not
// change is then purged, which costs a rendering.
func (b *Batch) Rewind(m Mark) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state != open || m.sealed != b.sealed || m.at > len(b.queued) {
		return
	}
	clear(b.queued[m.at:])
	b.queued = b.queued[:m.at]
	b.since = m.at
}

