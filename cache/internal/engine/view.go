package engine

import (
	"sync"
	"sync/atomic"

	"github.com/uncache/uncache/cache"
)

// A view is what a process knows of the log: how far it has read and, for each
// dependency, the last position that named it.
//
// Forgetting is always safe: below the floors nothing is known, and values stamped
// there are not served.
type view struct {
	// pos is how far the log was read. It is stored after all events up to it were
	// applied: a reader that loads it and then judges knows them all.
	pos atomic.Uint64

	floor     atomic.Uint64 // values stamped before it are purged. It only rises.
	softFloor atomic.Uint64 // values stamped before it are soft-purged. It only rises.

	// skipFloor is the end of the events that were skipped and are not in the table
	// yet, or 0. It is raised before pos is, and is the only floor that sinks: to 0,
	// when all of them are in the table.
	skipFloor atomic.Uint64

	root, route cell // the dependencies of most pages and events
	table       *table

	mu      sync.Mutex // for changes only; judge takes no lock
	missing missing
}

// missing are the events in (at, until] that a view has skipped, see skip.
type missing struct {
	at, until cache.Position
	known     bool // the process had read the log before it skipped
}

// A cell is a slot for one dependency that is never forgotten. Every page depends on
// the root prefix, and many on an unknown route. In a bucket they would be purged
// whenever other names raise its floor.
type cell struct{ hard, soft atomic.Uint64 }

var (
	rootHash  = cache.Prefix("").Hash()
	routeHash = cache.Route("").Hash()
)

// newView returns a view that keeps at most limit names.
func newView(limit int) *view { return &view{table: newTable(limit)} }

func (w *view) position() cache.Position { return cache.Position(w.pos.Load()) }

// apply adds a page of the log. It reports a gap: events between the view and the
// page are not known.
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
			w.add(e)
		}
	}
	w.pos.Store(uint64(end))
	return gap
}

// raiseFloor purges what was stamped before p. The caller holds mu.
func (w *view) raiseFloor(p cache.Position) {
	raise(&w.floor, p)
	w.endSkip()
}

// endSkip lets the skip floor sink if no event is missing any more. The caller holds
// mu.
func (w *view) endSkip() {
	if w.missing.until == 0 {
		return
	}
	// Events below the other floor are not needed.
	w.missing.at = max(w.missing.at, cache.Position(w.floor.Load()))
	if w.missing.at >= w.missing.until {
		w.missing = missing{}
		w.skipFloor.Store(0)
	}
}

// add records what one event names. The caller holds mu.
func (w *view) add(e *cache.Event) {
	for _, d := range e.Dependencies {
		switch {
		case d == cache.All && e.Soft:
			raise(&w.softFloor, e.Position)
		case d == cache.All:
			w.raiseFloor(e.Position)
		default:
			w.addName(d.Hash(), e.Soft, e.Position)
		}
	}
}

// addName records that the event at p names a dependency. The caller holds mu.
func (w *view) addName(hash uint64, soft bool, p cache.Position) {
	c := w.cell(hash)
	switch {
	case c == nil:
		w.table.add(hash, soft, p)
	case soft:
		raise(&c.soft, p)
	default:
		raise(&c.hard, p)
	}
}

// cell returns the cell of a dependency, or nil if it has none.
func (w *view) cell(hash uint64) *cell {
	switch hash {
	case rootHash:
		return &w.root
	case routeHash:
		return &w.route
	}
	return nil
}

// judge says whether a value with this stamp and these dependencies may be served,
// and which position of the view it was judged by.
//
// It takes no lock. The order of its reads makes up for that:
//
//	the position      the value is judged by events up to it, at least
//	skipFloor         if it has sunk, its events are in the table or below the floor
//	other floors      they only rise
//	slots             and after them the floor of their bucket: see table.find
func (w *view) judge(stamp cache.Position, deps []uint64) (Verdict, cache.Position) {
	pos := w.position()
	if stamp < cache.Position(w.skipFloor.Load()) || stamp < cache.Position(w.floor.Load()) || stamp > pos {
		// A stamp beyond pos: the log went back in time, and will give this position
		// to another event.
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
