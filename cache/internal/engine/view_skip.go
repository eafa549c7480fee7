package engine

import "github.com/uncache/uncache/cache"

// skip moves on to head without the events before it. known says that the process
// had read the log before.
//
// A process that has just started, or is far behind, does not let requests wait for
// the whole log:
//
//	it reads the log        and is given the first page and the head
//	it skips to the head    values stamped before the head are not served,
//	                        later ones are judged by the events it reads next
//	in the background       it reads the missing events, and keeps each page
//	all are in the table    the skip floor sinks: older values can be served
func (w *view) skip(head cache.Position, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	pos := w.position()
	if head <= pos {
		return
	}
	if w.missing.until == 0 {
		w.missing = missing{at: pos, known: known}
	}
	w.missing.until = head // events read in between are read again
	w.skipFloor.Store(uint64(head))
	w.pos.Store(uint64(head))
	w.endSkip()
}

// skipped returns the missing events, and whether there are any.
func (w *view) skipped() (missing, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.missing, w.missing.until != 0
}

// addSkipped adds a page of missing events: the log's answer when it was asked for
// the events after asked.at. It reports that events are lost which the process could
// have judged by.
func (w *view) addSkipped(asked missing, events cache.Events) (lost bool) {
	after := asked.at
	if events.From > after {
		lost = w.loseSkipped(after, events.From)
		after = events.From
	}
	// In small steps, so that new events need not wait long for the lock.
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
			if !w.addSkippedNames(after, e, hashes, from, to) {
				return lost
			}
		}
		after = e.Position
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.missing.until != 0 && w.missing.at == after && events.Head < asked.until {
		// The log ends earlier than it did: its next events may be others.
		lost = w.missing.known
		w.raiseFloor(w.missing.until)
	}
	return lost
}

// loseSkipped gives up the events in (after, from], which the log has forgotten.
func (w *view) loseSkipped(after, from cache.Position) (lost bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.missing.until == 0 || w.missing.at != after {
		return false // not missing any more
	}
	lost = w.missing.known
	w.raiseFloor(min(from, w.missing.until))
	return lost
}

// addSkippedNames adds the names from to to of e, the first event after a position.
// If they are its last, the event is not missing any more. It reports whether others
// are.
func (w *view) addSkippedNames(after cache.Position, e *cache.Event, hashes []uint64, from, to int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.missing.until == 0 || w.missing.at != after || e.Position > w.missing.until {
		return false
	}
	for i, d := range e.Dependencies[from:to] {
		switch {
		case d != cache.All:
			w.addName(hashes[from+i], e.Soft, e.Position)
		case e.Soft:
			raise(&w.softFloor, e.Position)
		default:
			raise(&w.floor, e.Position)
		}
	}
	if to == len(hashes) {
		w.missing.at = e.Position
		w.endSkip()
	}
	return w.missing.until != 0
}
