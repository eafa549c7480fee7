package engine

import (
	"context"
	"fmt"
	"time"
)

// Waited is what became of a request that waited for a flight.
type Waited[V any] struct {
	// How says what to do now.
	How How
	// Value is the value, with WaitedMade.
	Value V
	// Flight is the flight that the caller leads, with WaitedLead. With WaitedMade it
	// is the flight that brought the value.
	Flight *Flight[V]
}

// A How is how waiting ended.
type How uint8

const (
	// WaitedAgain: look for the value again. The flight's value is not for the caller.
	WaitedAgain How = iota
	// WaitedMade: there is a value.
	WaitedMade
	// WaitedLead: the caller leads a flight.
	WaitedLead
	// WaitedAlone: the caller makes its own value, and nobody waits for it.
	WaitedAlone
)

// Wait waits for a value of fl's key, at most until a time; zero is no bound. The error
// is ctx's.
func (fl *Flight[V]) Wait(ctx context.Context, until time.Time) (Waited[V], error) {
	q, w := fl.queue, &waiter[V]{told: make(chan Waited[V], 1)}
	if now, done := q.join(fl, w); done {
		return fl.flights.recheck(now), nil
	}
	var bound <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		bound = timer.C
	}
	select {
	case now := <-w.told:
		return fl.flights.recheck(now), nil
	case <-bound:
		if now, told := q.leave(w); told {
			return fl.flights.recheck(now), nil
		}
		return Waited[V]{How: WaitedAlone}, nil
	case <-ctx.Done():
		if now, told := q.leave(w); told && now.How == WaitedLead {
			var none V
			now.Flight.Finish(none, false) // another request leads
		}
		return Waited[V]{}, fmt.Errorf("coherent: waiting for the fill of %q: %w", q.key, context.Cause(ctx))
	}
}
