package engine

import "github.com/uncache/uncache/cache"

// owed are the events in (at, until], which a view has skipped.
//
// A process that has just started, or that is far behind, does not make requests
// wait until it has read the whole log:
//
//  1. it asks for the log, and is given a page and the head
//  2. it skips to the head: what is stamped before that is not served, what is
//     stamped from there on is judged by what it reads from there on
//  3. it reads what it has skipped in the background, page by page, each of
//     which is kept
//  4. when all of it is in the table, the floor sinks, and what was stored
//     before can be served
type owed struct {
	at, until cache.Position
	known     bool // before it skipped, the process had read the log
}

// skip goes on to head without the events before it. known says that the process
// had read the log before.
func (w *view) skip(head cache.Position, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	pos := w.position()
	if head <= pos {
		return
	}
	if w.owed.until == 0 {
		w.owed = owed{at: pos, known: known}
	}
	w.owed.until = head // what was read of it in between is read again
	w.skipped.Store(uint64(head))
	w.pos.Store(uint64(head))
	w.settle()
}

// settle lets the floor sink if nothing is owed any more. The caller holds mu.
func (w *view) settle() {
	if w.owed.until == 0 {
		return
	}
	// What lies below the other floor need not be known.
	w.owed.at = max(w.owed.at, cache.Position(w.floor.Load()))
	if w.owed.at >= w.owed.until {
		w.owed = owed{}
		w.skipped.Store(0)
	}
}

// owes returns what was skipped, and whether that is anything.
func (w *view) owes() (owed, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.owed, w.owed.until != 0
}

// recall takes in a page of what was skipped: what the log answered when it was
// asked for the events after asked.at. It reports that events are lost which the
// process could have judged by.
func (w *view) recall(asked owed, events cache.Events) (lost bool) {
	after := asked.at
	if events.From > after {
		lost = w.giveUp(after, events.From)
		after = events.From
	}
	// In small steps: others may have to take in what is new.
	const step = 256
	var hashes []uint64
	for i := range events.List {
		e := &events.List[i]
		hashes = hashes[:0]
		for _, d := range e.Dependencies {
			hashes = append(hashes, d.Hash())
		}
		for from := 0; from < len(hashes) || from == 0; from += step {
			to := min(from+step, len(hashes))
			if !w.recallSome(after, e, hashes, from, to) {
				return lost
			}
		}
		after = e.Position
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owed.until != 0 && w.owed.at == after && events.Head < asked.until {
		// The log does not reach as far as it did. What it says from here on
		// may be something else.
		lost = w.owed.known
		w.raiseFloor(w.owed.until)
	}
	return lost
}

// giveUp gives up the events in (after, from], which the log has forgotten.
func (w *view) giveUp(after, from cache.Position) (lost bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owed.until == 0 || w.owed.at != after {
		return false // not owed any more
	}
	lost = w.owed.known
	w.raiseFloor(min(from, w.owed.until))
	return lost
}

// recallSome takes in the names from to to of e, the first event after a
// position, and moves on if they are the last. It reports whether there is more to
// recall.
func (w *view) recallSome(after cache.Position, e *cache.Event, hashes []uint64, from, to int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owed.until == 0 || w.owed.at != after || e.Position > w.owed.until {
		return false
	}
	for i, d := range e.Dependencies[from:to] {
		switch {
		case d != cache.All:
			w.name(hashes[from+i], e.Soft, e.Position)
		case e.Soft:
			raise(&w.softFloor, e.Position)
		default:
			raise(&w.floor, e.Position)
		}
	}
	if to == len(hashes) {
		w.owed.at = e.Position
		w.settle()
	}
	return w.owed.until != 0
}
