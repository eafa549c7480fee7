package coherent

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/uncache/uncache/cache"
)

// A view is what a process knows of the log: how far it has read, and for each
// dependency the last position that named it.
//
// Forgetting is always safe: below the floor nothing is known, and what was
// stamped there is not served.
type view struct {
	// pos is how far the log was read. It is published after everything up to
	// it was taken in, so that whoever reads it and then judges, judges by at
	// least that much.
	pos atomic.Uint64

	mu    sync.RWMutex
	limit int
	named map[uint64]named

	floor     cache.Position // stamped before: purged
	softFloor cache.Position // stamped before: stale
}

// named holds the last positions that named one dependency.
type named struct{ hard, soft cache.Position }

func newView(limit int) *view {
	return &view{limit: limit, named: make(map[uint64]named)}
}

func (w *view) position() cache.Position { return cache.Position(w.pos.Load()) }

// apply takes in what a log answered, and reports whether events between the
// view and the answer are not known: a gap.
//
// Answers may arrive in any order, and twice.
func (w *view) apply(events cache.Events) (gap bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	pos := w.position()
	if events.Head <= pos {
		return false // an older read that came late, or nothing new
	}
	if events.From > pos {
		gap = true
		w.floor = max(w.floor, events.From)
	}
	for i := range events.List {
		if events.List[i].Position > pos {
			w.note(&events.List[i])
		}
	}
	for len(w.named) > w.limit {
		w.forget()
	}
	w.pos.Store(uint64(events.Head))
	return gap
}

// note records what one event names. The caller holds mu.
func (w *view) note(e *cache.Event) {
	for _, d := range e.Dependencies {
		switch {
		case d == cache.All && e.Soft:
			w.softFloor = max(w.softFloor, e.Position)
		case d == cache.All:
			w.floor = max(w.floor, e.Position)
			clear(w.named) // all of it is below the floor now
		default:
			h := d.Hash()
			n := w.named[h]
			if e.Soft {
				n.soft = max(n.soft, e.Position)
			} else {
				n.hard = max(n.hard, e.Position)
			}
			w.named[h] = n
		}
	}
}

// forget drops the older half of what is named, and raises the floor to where
// the knowledge begins. The caller holds mu.
func (w *view) forget() {
	all := make([]cache.Position, 0, len(w.named))
	for _, n := range w.named {
		all = append(all, max(n.hard, n.soft))
	}
	slices.Sort(all)
	floor := all[len(all)/2]
	for h, n := range w.named {
		if max(n.hard, n.soft) <= floor {
			delete(w.named, h)
		}
	}
	w.floor = max(w.floor, floor)
}

// judge says whether a response that was stamped and made from deps may be
// served, and by which position of the view it was judged.
func (w *view) judge(stamp cache.Position, deps []uint64) (Verdict, cache.Position) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	pos := w.position()
	if stamp < w.floor || stamp > pos {
		// Stamped beyond what is known: the log was taken back in time. The
		// position will be given again, to another event.
		return Purged, pos
	}
	verdict := Fresh
	if stamp < w.softFloor {
		verdict = SoftPurged
	}
	for _, d := range deps {
		n, ok := w.named[d]
		if !ok {
			continue
		}
		if n.hard > stamp {
			return Purged, pos
		}
		if n.soft > stamp {
			verdict = SoftPurged
		}
	}
	return verdict, pos
}
