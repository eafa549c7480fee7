package pagecache

import (
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/find"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// miss answers a request for which nothing usable is stored: with a fill, or
// with one that is under way. It returns false if that was of no use.
func (c *Cache) miss(next http.Handler, w http.ResponseWriter, r *http.Request, s *scratch, old *engine.Stored[*stored.Response], verdict engine.Verdict, asks *rfc9111.Control, knownBy reason) bool {
	look := status{fwd: fwdMiss}
	forced := asks.NoCache || asks.MaxAge.Set || asks.MinFresh.Set
	switch {
	case old != nil && forced:
		look.fwd = fwdRequest
	case old != nil:
		look.fwd = fwdStale
	case verdict == engine.Purged, c.memo.WasDeleted(s.Primary):
		look.detail = string(find.ReasonPurged)
	case s.Varies:
		look.fwd = fwdVary
	}
	if r.Method == http.MethodHead && (old == nil || knownBy != stranger) {
		c.pass(next, w, r, look.fwd, look.detail)
		return true
	}
	if len(r.Header["Range"]) > 0 && old == nil {
		// A part is not stored, and to ask for the whole could be far more than
		// the visitor wants.
		c.pass(next, w, r, look.fwd, string(rfc9111.ReasonPartial))
		return true
	}
	id, ok := find.Identify(c.keysFor(knownBy), r)
	if !ok {
		c.pass(next, w, r, look.fwd, string(reasonDepth))
		return true
	}
	t := &task{c: c, next: next, w: w, r: r, knownBy: knownBy, id: id, old: old, seen: s.Seen, cacheStatus: look}
	t.nameKey(id.Primary)
	switch {
	case r.Method == http.MethodHead:
		t.fill = c.engine.Begin()
		t.head()
		return true
	case forced, t.isPersonal(), asksNotToStore(r.Header), asksForStream(r.Header), c.memo.KeptApart(s.Primary):
		t.alone()
		return true
	}
	key := id.Primary
	if fields := c.memo.Fields(s.Primary); fields != nil {
		if old == nil && !s.Varies && !s.Tried() {
			return false // stored since the lookup, which did not know by what it varies
		}
		s.Variant = s.Keys.AppendVariant(s.Variant[:0], s.Primary, fields, r.Header)
		key = string(s.Variant)
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
		took = old.Value.Took
	}
	flight, leads := c.values.Enter(key, took, id.Deps...)
	if leads {
		return t.lead(flight, asks, s.until)
	}
	waited, err := flight.Wait(r.Context(), s.until)
	switch {
	case err != nil:
		c.gaveUp(w, r, look)
		return true
	case waited.How == engine.WaitedLead:
		waited.Flight.Fill().Add(id.Deps...)
		return t.lead(waited.Flight, asks, s.until)
	case waited.How == engine.WaitedAlone:
		t.alone()
		return true
	case waited.How == engine.WaitedAgain:
		return false
	}
	p := waited.Value
	now = time.Now()
	stale := p.AgeAt(now) >= p.Life
	if !c.selects(p, s, r.Header) || stale && !p.MayReplaceError(now) {
		return false
	}
	t.cacheStatus.joined = true
	sec := t.moment(p)
	if stale {
		sec.age = c.age(p.AgeAt(now)) // it was stored long before this fill
	}
	o := Observation{Collapsed: true, Forward: look.fwd, Detail: look.detail, Pattern: p.Route}
	defer func() { c.over(w, r, &o, false) }()
	n := c.serve(w, r, p, sec)
	o.Status, o.Bytes = n.status, n.bytes
	return true
}

// asksNotToStore reports whether nobody should wait for the response to this
// request (RFC 9111 §5.2.1.5).
func asksNotToStore(h http.Header) bool {
	return len(h["Cache-Control"]) > 0 && rfc9111.ParseControl(h["Cache-Control"]).NoStore
}

// selects reports whether p is the response that a request with header h would
// find.
func (c *Cache) selects(p *stored.Response, s *scratch, h http.Header) bool {
	if len(p.Vary) == 0 {
		return true
	}
	s.Variant = s.Keys.AppendVariant(s.Variant[:0], s.Primary, p.Vary, h)
	return string(s.Variant) == p.Key
}
