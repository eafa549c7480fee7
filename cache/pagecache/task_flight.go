package pagecache

import (
	"context"
	"net/http"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// await has the leader of a flight wait for its turn among the processes that share the
// store (coherent.Options.Lease), within a time; 0 is no bound. made says that another
// process has stored what was looked for, or a note. Requests that wait for the flight are
// given the response. If it is a note they look again: each may select another variant.
func await(ctx context.Context, flight *engine.Flight[*stored.Response], within time.Duration, old *engine.Stored[*stored.Response], asks *rfc9111.Control) (made bool, err error) {
	s, err := flight.Await(ctx, within, newer(old, asks))
	switch {
	case s == nil:
	case s.Value.Is(stored.IsNote):
		flight.LookAgain()
	default:
		flight.FinishStored(s)
	}
	return s != nil, err
}

// newer returns whether a stored response can be used in place of making old's successor.
// A response that must be validated each time can't, though another process has just
// validated it.
func newer(old *engine.Stored[*stored.Response], asks *rfc9111.Control) func(*engine.Stored[*stored.Response]) bool {
	return func(s *engine.Stored[*stored.Response]) bool {
		p := s.Value
		if old != nil && p.Date <= old.Value.Date {
			return false
		}
		f := freshnessOf(p, time.Now())
		use, _ := f.Use(false, asks)
		return p.Is(stored.IsNote) || use != rfc9111.UseNot && f.Age < f.Lifetime
	}
}

// lead makes the response that others wait for, and answers with it. It returns false if
// another process has made it: the next lookup finds that.
func (t *task) lead(flight *engine.Flight[*stored.Response], asks *rfc9111.Control, until time.Time) bool {
	t.flight = flight
	defer t.over()
	defer t.endFlight() // also after a panic
	// Other requests of this process wait as long. If their time is up all at once,
	// they must find a response that is being made.
	const share, of = 3, 4
	within := max(time.Until(until)/of*share, 1) // a time may mean "for ever"
	made, err := await(t.r.Context(), flight, within, t.old, asks)
	switch {
	case err != nil:
		t.c.gaveUp(t.w, t.r, t.cacheStatus)
		return true
	case made:
		return false
	}
	t.fill = flight.Fill()
	t.run()
	return true
}

// alone runs t without a flight.
func (t *task) alone() {
	t.fill = t.c.engine.Begin()
	t.fill.Add(t.id.Deps...)
	defer t.over()
	t.run()
}

// notForOthers lets waiting requests go as soon as it is known that the response is of no
// use to them: it may go on for hours.
func (t *task) notForOthers(rec *recorder) {
	t.knownBy = rec.knownBy // whom the handler may have signed in
	if t.flight != nil {
		t.endWithout(rec)
	}
	if rec.status == http.StatusNotModified {
		t.c.memo.Set304([]byte(t.id.Primary), true)
	}
	if reason := rec.policy.Reason; t.holdsForOthers(reason) && !rfc9111.IsError(rec.status) {
		t.c.memo.KeepApart([]byte(t.id.Primary))
	}
}

// finish gives p to the requests that wait. It does not if p must be validated first, or
// if t's request has a transaction open, whose changes p may show.
func (t *task) finish(rec *recorder, p *stored.Response, may bool) {
	may = may && !p.Is(stored.IsNoCache) && p.Life > p.Age
	if !may && p != nil && !t.isPersonal() {
		t.c.memo.KeepApart([]byte(t.id.Primary))
	}
	switch {
	case t.flight == nil:
	case may && !cache.Bypassed(t.r.Context()):
		t.flight.Took(time.Since(rec.asked) - rec.sending)
		t.flight.Finish(p, true)
	default:
		t.endWithout(rec)
	}
}

// endWithout ends the flight of a response that is not for others. If the reason is this
// request's alone, one of those that wait makes the next response.
func (t *task) endWithout(rec *recorder) {
	if reason := rec.policy.Reason; rec.failed || reason == rfc9111.ReasonCondition || reason == rfc9111.ReasonRequest {
		t.flight.Finish(nil, false)
		return
	}
	t.endFlight()
}

// endFlight ends a flight that has not ended, as after a panic: without a value. If the
// visitor has left, or has a transaction open, that is no failure of the page.
func (t *task) endFlight() {
	if ctx := t.r.Context(); ctx.Err() != nil || cache.Bypassed(ctx) {
		t.flight.Finish(nil, false)
		return
	}
	t.flight.Fail()
}
