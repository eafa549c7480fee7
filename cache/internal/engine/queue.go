package engine

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// A crowd is the flights of one key, and the requests that wait for a value. They
// take what ends first. Each value is judged by the view, which is as recent as all
// of them: so it may be that of a flight which began after they came.
//
// A flight that takes too long does not hold them up without end, nor does it let
// all of them go at the moment when the making is slowest:
//
//  1. a flight begins; the value took d to make last time
//  2. after 2d the request that has waited longest leads a flight, too
//  3. after 4d the next one does, after 8d the next
//  4. one ends: nobody waits any more for those that began before it
//
// The lock of Values guards it.
type crowd[V any] struct {
	v       *Values[V]
	key     string
	flying  []*Flight[V] // under way, oldest first
	landed  *Flight[V]   // the last that has ended with a value, for requests that come late
	waiting []*waiter[V] // the one that has waited longest is the first
	pause   time.Duration
	timer   *time.Timer // until one more may begin; nil if none is set
	due     bool        // one more may begin, and nobody was waiting
	begun   int         // how many flights have begun
}

// A waiter is a request that waits.
type waiter[V any] struct {
	told    chan Waited[V] // has room for one
	letDown int            // how often it has waited in vain
	begun   int            // how many flights had begun when it was last let down
}

// maxLetDown is how often a request waits in vain. One wait is fair, more could be
// for ever in a storm of purges. Flights that were under way together count once.
const maxLetDown = 2

// Waited is what became of a request that waited for a flight.
type Waited[V any] struct {
	// How says what to do now.
	How How
	// Value is what was waited for, with WaitedMade.
	Value V
	// Flight is the one that the caller leads, with WaitedLead; with WaitedMade it
	// is the one that has brought the value.
	Flight *Flight[V]
}

// A How is how waiting ended.
type How uint8

const (
	// WaitedAgain: look for the value again. What was made is not for the caller.
	WaitedAgain How = iota
	// WaitedMade: there is a value.
	WaitedMade
	// WaitedLead: the caller leads a flight.
	WaitedLead
	// WaitedAlone: the caller makes its own value, for which nobody waits.
	WaitedAlone
)

// Wait waits for a value of fl's key, until a time at most; a zero until is no bound.
// The error is ctx's.
func (fl *Flight[V]) Wait(ctx context.Context, until time.Time) (Waited[V], error) {
	cr, w := fl.crowd, &waiter[V]{told: make(chan Waited[V], 1)}
	if now, done := cr.enter(fl, w); done {
		return cr.judged(now), nil
	}
	var bound <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		bound = timer.C
	}
	select {
	case now := <-w.told:
		return cr.judged(now), nil
	case <-bound:
		if now, done := cr.quit(w); done {
			return cr.judged(now), nil
		}
		return Waited[V]{How: WaitedAlone}, nil
	case <-ctx.Done():
		if now, done := cr.quit(w); done && now.How == WaitedLead {
			var none V
			now.Flight.Finish(none, false) // somebody else's turn
		}
		return Waited[V]{}, fmt.Errorf("coherent: waiting for the fill of %q: %w", cr.key, context.Cause(ctx))
	}
}

// judged judges a value once more, by what was purged since it was made.
func (cr *crowd[V]) judged(now Waited[V]) Waited[V] {
	if now.How != WaitedMade {
		return now
	}
	if !cr.v.mayJoin(now.Flight) {
		return Waited[V]{How: WaitedAgain}
	}
	now.Value = now.Flight.value
	return now
}

// enter has w wait, unless it is known already what becomes of it.
func (cr *crowd[V]) enter(fl *Flight[V], w *waiter[V]) (now Waited[V], done bool) {
	cr.v.mu.Lock()
	defer cr.v.mu.Unlock()
	switch {
	case fl.ended && fl.ok:
		return Waited[V]{How: WaitedMade, Flight: fl}, true
	case fl.ended, fl.overtaken:
		return Waited[V]{How: WaitedAgain}, true
	case cr.due:
		return cr.oneMore(), true
	}
	w.begun = fl.number - 1 // those before it are not for this request
	cr.waiting = append(cr.waiting, w)
	return now, false
}

// quit has w wait no longer, unless it was told something: then it returns that.
func (cr *crowd[V]) quit(w *waiter[V]) (now Waited[V], told bool) {
	cr.v.mu.Lock()
	defer cr.v.mu.Unlock()
	select {
	case now = <-w.told:
		return now, true
	default:
		cr.waiting = slices.DeleteFunc(cr.waiting, func(other *waiter[V]) bool { return other == w })
		return now, false
	}
}

// launch begins a flight, and sets the time for one more.
func (cr *crowd[V]) launch() *Flight[V] {
	fl := &Flight[V]{v: cr.v, crowd: cr, key: cr.key, fill: cr.v.c.Begin(), began: time.Now()}
	cr.begun++
	fl.number = cr.begun
	cr.flying = append(cr.flying, fl)
	cr.stop()
	if cr.v.c.lease == nil {
		cr.start()
	}
	return fl
}

// start sets the time for one more flight. While a leader waits for its lease there
// is none: another process makes the value.
func (cr *crowd[V]) start() {
	if cr.timer != nil || cr.due || len(cr.flying) == 0 {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(cr.pause, func() {
		cr.v.mu.Lock()
		defer cr.v.mu.Unlock()
		if cr.timer != timer {
			return // it was stopped a moment too late
		}
		cr.timer = nil
		if len(cr.waiting) == 0 {
			cr.due = true
			return
		}
		first := cr.waiting[0]
		cr.waiting = slices.Delete(cr.waiting, 0, 1)
		first.told <- cr.oneMore()
	})
	cr.timer = timer
}

func (cr *crowd[V]) stop() {
	if cr.timer != nil {
		cr.timer.Stop()
	}
	cr.timer, cr.due = nil, false
}

// oneMore begins one more flight, for the request that is told the result.
func (cr *crowd[V]) oneMore() Waited[V] {
	cr.pause = min(2*cr.pause, longestPatience)
	fl := cr.launch()
	fl.extra = true
	cr.start()
	return Waited[V]{How: WaitedLead, Flight: fl}
}

// tell tells all who wait the same.
func (cr *crowd[V]) tell(now Waited[V]) {
	for _, w := range cr.waiting {
		w.told <- now
	}
	cr.waiting = nil
}

// carryOn is called when fl has ended without a value. If it was the last one, the
// request that has waited longest leads the next.
func (cr *crowd[V]) carryOn(fl *Flight[V]) {
	cr.waiting = slices.DeleteFunc(cr.waiting, func(w *waiter[V]) bool {
		if fl.number <= w.begun {
			return false
		}
		w.begun = cr.begun
		if w.letDown++; w.letDown < maxLetDown {
			return false
		}
		w.told <- Waited[V]{How: WaitedAlone}
		return true
	})
	if len(cr.flying) > 0 || len(cr.waiting) == 0 {
		return
	}
	first := cr.waiting[0]
	cr.waiting = slices.Delete(cr.waiting, 0, 1)
	first.told <- Waited[V]{How: WaitedLead, Flight: cr.launch()}
}

// leave takes fl out of the flights that are under way.
func (cr *crowd[V]) leave(fl *Flight[V]) {
	cr.flying = slices.DeleteFunc(cr.flying, func(other *Flight[V]) bool { return other == fl })
}

// overtake takes out the flights that began before fl, which has ended. What has
// taken longer than fl may hang for ever, and requests that come now would wait for
// it, at each expiry of the value.
func (cr *crowd[V]) overtake(fl *Flight[V]) {
	cr.flying = slices.DeleteFunc(cr.flying, func(other *Flight[V]) bool {
		other.overtaken = other.overtaken || other.number < fl.number
		return other.overtaken
	})
}

// tidy forgets what is not needed when nothing is under way.
func (cr *crowd[V]) tidy() {
	if len(cr.flying) > 0 {
		return
	}
	cr.stop()
	cr.pause = 0
	if cr.landed == nil && len(cr.waiting) == 0 && cr.v.crowds[cr.key] == cr {
		delete(cr.v.crowds, cr.key)
	}
}
