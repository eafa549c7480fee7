package engine

import (
	"sync"
	"sync/atomic"

	"github.com/uncache/uncache/cache"
)

// A view is what a process knows of the log: how far it has read, and for each
// dependency the last position that named it.
//
// Forgetting is always safe: below the floors nothing is known, and what was
// stamped there is not served.
type view struct {
	// pos is how far the log was read. It is published after everything up to
	// it was taken in. A reader that loads it and then judges, judges by at
	// least that much.
	pos atomic.Uint64

	floor     atomic.Uint64 // stamped before: purged. It only rises.
	softFloor atomic.Uint64 // stamped before: stale. It only rises.

	// skipped is a floor, too: the end of the events that are not in the table
	// yet, or 0 if there are none. It is raised before pos is, and the only one
	// that sinks: when all of them are in the table.
	skipped atomic.Uint64

	root, route cell // the dependencies that most pages and events share
	table       *table

	mu   sync.Mutex // for changes only; judging takes no lock
	owed owed
}

// A cell is a slot for one dependency that is never forgotten. Every page
// depends on the root prefix, and many on an unknown route: in a bucket they
// would fall whenever other names raise its floor.
type cell struct{ hard, soft atomic.Uint64 }

var (
	rootHash  = cache.Prefix("").Hash()
	routeHash = cache.Route("").Hash()
)

// newView returns a view that keeps at most limit names.
func newView(limit int) *view { return &view{table: newTable(limit)} }

func (w *view) position() cache.Position { return cache.Position(w.pos.Load()) }

// apply takes in a page of the log. It reports a gap: that events between the
// view and the page are not known.
//
// Pages may arrive in any order, and twice.
func (w *view) apply(events cache.Events) (gap bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	pos, end := w.position(), events.End()
	if end <= pos {
		return false // an older read that came late, or nothing new
	}
	if events.From > pos {
		gap = true
		w.raiseFloor(events.From)
	}
	for i := range events.List {
		if e := &events.List[i]; e.Position > pos {
			w.note(e)
		}
	}
	w.pos.Store(uint64(end))
	return gap
}

// raiseFloor gives up what was stamped before p. The caller holds mu.
func (w *view) raiseFloor(p cache.Position) {
	raise(&w.floor, p)
	w.settle()
}

// note records what one event names. The caller holds mu.
func (w *view) note(e *cache.Event) {
	for _, d := range e.Dependencies {
		switch {
		case d == cache.All && e.Soft:
			raise(&w.softFloor, e.Position)
		case d == cache.All:
			w.raiseFloor(e.Position)
		default:
			w.name(d.Hash(), e.Soft, e.Position)
		}
	}
}

// name records that the event at p names a dependency. The caller holds mu.
func (w *view) name(hash uint64, soft bool, p cache.Position) {
	c := w.cell(hash)
	switch {
	case c == nil:
		w.table.note(hash, soft, p)
	case soft:
		raise(&c.soft, p)
	default:
		raise(&c.hard, p)
	}
}

// cell returns the cell of a dependency that has one.
func (w *view) cell(hash uint64) *cell {
	switch hash {
	case rootHash:
		return &w.root
	case routeHash:
		return &w.route
	}
	return nil
}

// judge says whether a response that was stamped and made from deps may be
// served, and by which position of the view it was judged.
//
// It takes no lock; the order of its reads makes up for one:
//
//  1. the position: all that is judged by is at least as recent
//  2. skipped, the floor that sinks: if it has sunk, what it stood for is in
//     the table, or below the floor
//  3. the floors that only rise
//  4. the slots, and after them the floor of their bucket: see table.find
func (w *view) judge(stamp cache.Position, deps []uint64) (Verdict, cache.Position) {
	pos := w.position()
	if stamp < cache.Position(w.skipped.Load()) || stamp < cache.Position(w.floor.Load()) || stamp > pos {
		// Stamped beyond what is known: the log was taken back in time. The
		// position will be given again, to another event.
		return Purged, pos
	}
	verdict := Fresh
	if stamp < cache.Position(w.softFloor.Load()) {
		verdict = SoftPurged
	}
	for _, d := range deps {
		var hard, soft cache.Position
		if c := w.cell(d); c != nil {
			hard, soft = cache.Position(c.hard.Load()), cache.Position(c.soft.Load())
		} else {
			hard, soft = w.table.find(d)
		}
		if hard > stamp {
			return Purged, pos
		}
		if soft > stamp {
			verdict = SoftPurged
		}
	}
	return verdict, pos
}
