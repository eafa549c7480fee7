package pagecache

import (
	"context"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
)

// await has the leader of a flight wait for its turn among the processes that
// share the store, see [coherent.Options.Lease], within a time; 0 is no bound. made
// says that another process has stored what was looked for, or a note that says by
// what the responses vary. Requests that wait for the flight are given the response.
// If it is a note, they look again: each may select another variant.
func await(ctx context.Context, flight *engine.Flight[*response], within time.Duration, old *engine.Stored[*response], asks *control) (made bool, err error) {
	s, err := flight.Await(ctx, within, newer(old, asks))
	switch {
	case s == nil:
	case s.Value.is(isNote):
		flight.LookAgain()
	default:
		flight.FinishStored(s)
	}
	return s != nil, err
}

// newer returns whether a stored response can be used in place of making old's
// successor. What others have validated can't, if it must be validated each time.
func newer(old *engine.Stored[*response], asks *control) func(*engine.Stored[*response]) bool {
	return func(s *engine.Stored[*response]) bool {
		p := s.Value
		if old != nil && p.date <= old.Value.date {
			return false
		}
		now := time.Now()
		return p.is(isNote) || useOf(p, engine.Fresh, asks, now) != useNot && p.ageAt(now) < time.Duration(p.life)
	}
}
