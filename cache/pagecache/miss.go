package pagecache

import (
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
)

// miss answers a request for which nothing usable is stored: with a fill, or
// with one that is under way. It returns false if that was of no use.
func (c *Cache) miss(next http.Handler, w http.ResponseWriter, r *http.Request, s *scratch, old *engine.Stored[*response], verdict engine.Verdict, asks *control, visitor reason) bool {
	look := status{fwd: fwdMiss}
	forced := asks.noCache || asks.maxAge.set || asks.minFresh.set
	switch {
	case old != nil && forced:
		look.fwd = fwdRequest
	case old != nil:
		look.fwd = fwdStale
	case verdict == engine.Purged, c.memo.wasDeleted(s.primary):
		look.detail = string(reasonPurged)
	case s.varies:
		look.fwd = fwdVary
	}
	if r.Method == http.MethodHead && (old == nil || visitor != storable) {
		c.pass(next, w, r, look.fwd, look.detail)
		return true
	}
	if len(r.Header["Range"]) > 0 && old == nil {
		// A part is not stored, and to ask for the whole could be far more than
		// the visitor wants.
		c.pass(next, w, r, look.fwd, string(reasonPartial))
		return true
	}
	id, ok := c.identify(r, visitor)
	if !ok {
		c.pass(next, w, r, look.fwd, string(reasonDepth))
		return true
	}
	t := &task{c: c, next: next, w: w, r: r, visitor: visitor, id: id, old: old, look: look}
	t.nameKey(id.primary)
	switch {
	case r.Method == http.MethodHead:
		t.fill = c.store.Begin()
		c.observe(r, look, false)
		t.head()
		return true
	case forced, t.isPersonal(), asksNotToStore(r.Header), asksForStream(r.Header), c.memo.keptApart(s.primary):
		t.alone()
		return true
	}
	key := id.primary
	if fields := c.memo.fields(s.primary); fields != nil {
		if old == nil && !s.varies && len(s.tried) == 0 {
			return false // stored since the lookup, which did not know by what it varies
		}
		s.variant = s.keys.AppendVariant(s.variant[:0], s.primary, fields, r.Header)
		key = string(s.variant)
	}
	now := time.Now()
	if s.until.IsZero() {
		s.until = now.Add(c.opts.CollapseTimeout)
	}
	if !now.Before(s.until) {
		t.alone() // it has waited long enough
		return true
	}
	var took time.Duration
	if old != nil {
		took = time.Duration(old.Value.took)
	}
	flight, leads := c.values.Enter(key, took, id.deps...)
	if leads {
		return t.lead(flight, asks, s.until)
	}
	waited, err := flight.Wait(r.Context(), s.until)
	switch {
	case err != nil:
		c.gaveUp(w, r, look)
		return true
	case waited.How == engine.WaitedLead:
		waited.Flight.Fill().Add(id.deps...)
		return t.lead(waited.Flight, asks, s.until)
	case waited.How == engine.WaitedAlone:
		t.alone()
		return true
	case waited.How == engine.WaitedAgain:
		return false
	}
	p := waited.Value
	now = time.Now()
	stale := p.ageAt(now) >= time.Duration(p.life)
	if !c.selects(p, s, r.Header) || stale && !p.mayReplaceError(now) {
		return false
	}
	t.look.joined = true
	c.observe(r, t.look, false)
	sec := t.says(p)
	if stale {
		sec.age = c.age(p.ageAt(now)) // it was stored long before this fill
	}
	c.serve(w, r, p, sec)
	return true
}

// lead makes the response that others wait for, and answers with it. It returns false
// if another process has made it: the next lookup finds that.
func (t *task) lead(flight *engine.Flight[*response], asks *control, until time.Time) bool {
	t.flight = flight
	defer t.endFlight() // whatever panics
	// Other requests of this process wait as long. If the time is up for all of them
	// at once, they must find a response that is being made.
	const share, of = 3, 4
	within := max(time.Until(until)/of*share, 1) // a time may mean "for ever"
	made, err := await(t.r.Context(), flight, within, t.old, asks)
	switch {
	case err != nil:
		t.c.gaveUp(t.w, t.r, t.look)
		return true
	case made:
		return false
	}
	t.c.observe(t.r, t.look, false)
	t.fill = flight.Fill()
	t.run()
	return true
}

// gaveUp answers a visitor who has gone while he waited, or whose time was up.
// The handler is not asked: all of those who waited would ask it at once, at the
// moment when it is slowest.
func (c *Cache) gaveUp(w http.ResponseWriter, r *http.Request, look status) {
	look.detail = string(reasonGaveUp)
	c.refuse(w, r, look, "timed out", http.StatusServiceUnavailable)
}

// refuse answers without the handler, and without a response.
func (c *Cache) refuse(w http.ResponseWriter, r *http.Request, st status, text string, code int) {
	st.add(w.Header(), c.name)
	c.observe(r, st, false)
	http.Error(w, text, code)
}

// asksNotToStore reports whether nobody should wait for the response to this
// request (RFC 9111 §5.2.1.5).
func asksNotToStore(h http.Header) bool {
	return len(h["Cache-Control"]) > 0 && parseControl(h["Cache-Control"]).noStore
}

// selects reports whether p is the response that a request with header h would
// find.
func (c *Cache) selects(p *response, s *scratch, h http.Header) bool {
	if len(p.vary) == 0 {
		return true
	}
	s.variant = s.keys.AppendVariant(s.variant[:0], s.primary, p.vary, h)
	return string(s.variant) == p.key
}

// alone has the handler answer without waiting for others, or they for it. What
// it gives is stored all the same if it may be.
func (c *Cache) alone(next http.Handler, w http.ResponseWriter, r *http.Request, look status, visitor reason) {
	id, ok := c.identify(r, visitor)
	if !ok || r.Method == http.MethodHead || len(r.Header["Range"]) > 0 {
		c.pass(next, w, r, look.fwd, look.detail)
		return
	}
	t := &task{c: c, next: next, w: w, r: r, visitor: visitor, id: id, look: look}
	t.nameKey(id.primary)
	t.alone()
}

// alone runs t without a flight.
func (t *task) alone() {
	t.fill = t.c.store.Begin()
	t.fill.Add(t.id.deps...)
	t.c.observe(t.r, t.look, false)
	t.run()
}
