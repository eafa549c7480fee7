package engine

import (
	"slices"
	"time"
)

// A queue is the flights of one key, and the requests that wait for a value. They take
// the value that is ready first. The view judges each value, and it is as recent as
// all the requests: a flight may have begun after they came.
//
// A slow flight does not hold them up without end. Nor does it let all of them go at
// once, when making the value is slowest:
//
//	a flight begins        the value took d to make last time
//	after 2d               the request that has waited longest leads an extra flight
//	after 4d, 8d and so on the next one does
//	one ends               nobody waits for flights that began before it any more
//
// The lock of flights guards it.
type queue[V any] struct {
	flights  *flights[V]
	key      string
	running  []*Flight[V]  // under way, oldest first
	finished *Flight[V]    // the last that ended with a value, for requests that come late
	waiting  []*waiter[V]  // the one that has waited longest is the first
	interval time.Duration // until the next extra flight
	timer    *time.Timer   // of the next extra flight; nil if none is set
	extraDue bool          // the timer has ended, and no request was waiting
	begun    int           // how many flights have begun
}

// A waiter is a request that waits.
type waiter[V any] struct {
	told  chan Waited[V] // has room for one
	waits int            // for how many flights it has waited that brought no value
	begun int            // how many flights had begun when the last of them ended
}

// maxWaits is how many flights without a value a request waits for: more could be for
// ever, in a storm of purges. Flights that were under way together count once.
const maxWaits = 2

// These bound the interval before the first extra flight.
const (
	unknownInterval = 200 * time.Millisecond // where nothing is known of the value
	minInterval     = 25 * time.Millisecond  // covers the trips to the store
	maxInterval     = time.Hour
)

// firstInterval returns the interval before the first extra flight for a value, by how
// long it took to make last time.
func firstInterval(took time.Duration) time.Duration {
	if took <= 0 {
		return unknownInterval
	}
	return min(max(2*min(took, maxInterval), minInterval), maxInterval)
}

// join adds w to the waiting requests, unless it is known already what becomes of it.
func (q *queue[V]) join(fl *Flight[V], w *waiter[V]) (now Waited[V], done bool) {
	q.flights.mu.Lock()
	defer q.flights.mu.Unlock()
	switch {
	case fl.ended && fl.ok:
		return Waited[V]{How: WaitedMade, Flight: fl}, true
	case fl.ended, fl.overtaken:
		return Waited[V]{How: WaitedAgain}, true
	case q.extraDue:
		return q.beginExtra(), true
	}
	w.begun = fl.number - 1 // earlier flights are not for this request
	q.waiting = append(q.waiting, w)
	return now, false
}

// leave removes w from the waiting requests. If w was told something before, it returns
// that.
func (q *queue[V]) leave(w *waiter[V]) (now Waited[V], told bool) {
	q.flights.mu.Lock()
	defer q.flights.mu.Unlock()
	select {
	case now = <-w.told:
		return now, true
	default:
		q.waiting = slices.DeleteFunc(q.waiting, func(other *waiter[V]) bool { return other == w })
		return now, false
	}
}

// begin begins a flight, and sets the timer for an extra one.
func (q *queue[V]) begin() *Flight[V] {
	c := q.flights.storage.c
	fl := &Flight[V]{flights: q.flights, queue: q, key: q.key, fill: c.Begin(), began: time.Now()}
	q.begun++
	fl.number = q.begun
	q.running = append(q.running, fl)
	q.stopTimer()
	if c.leases.store == nil {
		q.startTimer()
	}
	return fl
}

// beginExtra begins one more flight, for the request that is told the result.
func (q *queue[V]) beginExtra() Waited[V] {
	q.interval = min(2*q.interval, maxInterval)
	fl := q.begin()
	fl.extra = true
	q.startTimer()
	return Waited[V]{How: WaitedLead, Flight: fl}
}

// startTimer sets the timer for an extra flight. While a leader waits for its lease
// there is none: another process makes the value.
func (q *queue[V]) startTimer() {
	if q.timer != nil || q.extraDue || len(q.running) == 0 {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(q.interval, func() {
		q.flights.mu.Lock()
		defer q.flights.mu.Unlock()
		if q.timer != timer {
			return // it was stopped a moment too late
		}
		q.timer = nil
		if len(q.waiting) == 0 {
			q.extraDue = true
			return
		}
		first := q.waiting[0]
		q.waiting = slices.Delete(q.waiting, 0, 1)
		first.told <- q.beginExtra()
	})
	q.timer = timer
}

func (q *queue[V]) stopTimer() {
	if q.timer != nil {
		q.timer.Stop()
	}
	q.timer, q.extraDue = nil, false
}

// tellAll tells all waiting requests the same.
func (q *queue[V]) tellAll(now Waited[V]) {
	for _, w := range q.waiting {
		w.told <- now
	}
	q.waiting = nil
}

// beginNext is called when fl has ended without a value. If no flight is under way any
// more, the request that has waited longest leads the next.
func (q *queue[V]) beginNext(fl *Flight[V]) {
	q.waiting = slices.DeleteFunc(q.waiting, func(w *waiter[V]) bool {
		if fl.number <= w.begun {
			return false
		}
		w.begun = q.begun
		if w.waits++; w.waits < maxWaits {
			return false
		}
		w.told <- Waited[V]{How: WaitedAlone}
		return true
	})
	if len(q.running) > 0 || len(q.waiting) == 0 {
		return
	}
	first := q.waiting[0]
	q.waiting = slices.Delete(q.waiting, 0, 1)
	first.told <- Waited[V]{How: WaitedLead, Flight: q.begin()}
}

// remove takes fl out of the flights that are under way.
func (q *queue[V]) remove(fl *Flight[V]) {
	q.running = slices.DeleteFunc(q.running, func(other *Flight[V]) bool { return other == fl })
}

// overtake takes out the flights that began before fl, which has ended. One that takes
// longer than fl may hang for ever, and new requests would wait for it whenever the
// value expires.
func (q *queue[V]) overtake(fl *Flight[V]) {
	q.running = slices.DeleteFunc(q.running, func(other *Flight[V]) bool {
		other.overtaken = other.overtaken || other.number < fl.number
		return other.overtaken
	})
}

// cleanUp drops what is not needed while no flight is under way.
func (q *queue[V]) cleanUp() {
	if len(q.running) > 0 {
		return
	}
	q.stopTimer()
	q.interval = 0
	if fs := q.flights; q.finished == nil && len(q.waiting) == 0 && fs.queues[q.key] == q {
		delete(fs.queues, q.key)
	}
}
