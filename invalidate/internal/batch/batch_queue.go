package batch

import "slices"

// Queue queues c in b or, if that has ended, in the first batch around it that has
// not. It reports whether there is one. A nil b has none.
func (b *Batch) Queue(c Change) bool {
	for ; b != nil; b = b.parent {
		if b.take([]*entry{{Change: c}}) == open {
			return true
		}
	}
	return false
}

// take queues entries in the open transactions, and in b if that is open. It returns
// open if that is enough, or else the state of b.
func (b *Batch) take(entries []*entry) state {
	taken := b.giveTransactions(entries)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.state == open: // they may be about what b is of, not about a transaction
		for _, e := range entries {
			b.queued = join(b.queued, b.since, e)
		}
		return open
	case taken:
		return open
	}
	return b.state
}

// giveTransactions queues copies of entries in each open transaction. It reports
// whether these purge them.
func (b *Batch) giveTransactions(entries []*entry) bool {
	b.mu.Lock()
	txs, beside := slices.Clone(b.txs), b.beside
	b.mu.Unlock()
	taken := false
	for _, tx := range txs {
		own := make([]*entry, len(entries))
		for i, e := range entries {
			own[i] = e.clone()
		}
		// It may have ended since. Then the entries came too late for it.
		taken = tx.take(own) == open && !tx.readOnly || taken
	}
	return taken && !beside
}

// handOn hands entries to the batch that b is a part of. It reports whether b is rid
// of them.
func (b *Batch) handOn(entries []*entry) bool {
	if b.isAlone() {
		return false
	}
	for p := b.parent; p != nil; p = p.parent {
		switch p.take(entries) {
		case open:
			return true
		case discarded: // with all its parts
			return true
		}
	}
	return false
}

// StandAlone has Flush of b purge, though b is a part of another batch.
func (b *Batch) StandAlone() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.alone = true
}

func (b *Batch) isAlone() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.alone
}
