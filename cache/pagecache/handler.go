package pagecache

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// maxDepth bounds the number of path prefixes that a stored response depends
// on. Deeper paths are passed through.
const maxDepth = 64

// attempts is how often a request looks again after it waited for a fill that
// was of no use to it, before it renders for itself.
const attempts = 3

// scratch is the memory that a lookup needs, used again.
type scratch struct{ primary, variant, tried []byte }

// Handler returns next with the cache in front of it. Several handlers may be
// wrapped by one Cache if their URLs differ: stored responses are found by URL.
func (c *Cache) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !isSafe(r.Method):
			c.passUnsafe(next, w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			c.pass(next, w, r, fwdMethod, "")
		case cache.Bypassed(r.Context()), len(r.Header["Upgrade"]) > 0, c.opts.Skip != nil && c.opts.Skip(r):
			c.pass(next, w, r, fwdBypass, "")
		case coherent.FillFrom(r.Context()) != nil:
			// This request is part of the making of another response, which
			// has to hear of all that it depends on; and were it of the same
			// URL, it would wait for itself.
			c.pass(next, w, r, fwdBypass, string(reasonNested))
		case r.ContentLength != 0:
			// RFC 9110 §9.3.1: content of a GET has no meaning. A handler that
			// reads it all the same gives an answer that is not in the key.
			c.pass(next, w, r, fwdRequest, string(reasonContent))
		case answersItself(r.Header), namesFields(r.Header):
			c.pass(next, w, r, fwdRequest, "")
		default:
			c.handle(next, w, r)
		}
	})
}

func (c *Cache) handle(next http.Handler, w http.ResponseWriter, r *http.Request) {
	s := c.scratch.Get().(*scratch)
	defer c.scratch.Put(s)
	var ok bool
	if s.primary, ok = c.keys.AppendRequest(s.primary[:0], r); !ok {
		c.pass(next, w, r, fwdBypass, string(reasonNoKey))
		return
	}
	var asks control // what the visitor says, where he is listened to
	if c.opts.ClientDirectives {
		asks = clientControl(r.Header)
	}
	for range attempts {
		stored, verdict, err := c.lookup(r.Context(), s, r.Header)
		switch {
		case err != nil && asks.onlyIfCached:
			c.notCached(w, r)
			return
		case err != nil:
			c.pass(next, w, r, fwdBypass, string(reasonUnavailable))
			return
		case stored != nil && len(r.Header["Authorization"]) > 0 && !stored.Value.is(isShared):
			// The handler knows more of this visitor than of the one the
			// response was made for.
			c.alone(next, w, r, status{fwd: fwdRequest, detail: string(reasonAuth)})
			return
		}
		if stored != nil {
			p, now := stored.Value, time.Now()
			if use := useOf(p, verdict, &asks, now); use != useNot {
				if use == useWhileMaking && r.Method == http.MethodGet {
					if id, ok := c.identify(r); ok {
						c.refresh(next, r, id, stored)
					}
				}
				c.observeHit(r)
				c.serve(w, r, p, p.hit(p.ageAt(now), c))
				return
			}
		}
		if asks.onlyIfCached {
			c.notCached(w, r)
			return
		}
		if c.miss(next, w, r, s, stored, verdict, &asks) {
			return
		}
	}
	c.alone(next, w, r, status{fwd: fwdMiss})
}

// clientControl reads what a request says about caching (RFC 9111 §5.2.1), and
// the Pragma of those who know no better (§5.4).
func clientControl(h http.Header) control {
	asks := parseControl(h["Cache-Control"])
	if !asks.present && hasNoCachePragma(h) {
		asks.noCache = true
	}
	return asks
}

// notCached answers only-if-cached (RFC 9111 §5.2.1.7).
func (c *Cache) notCached(w http.ResponseWriter, r *http.Request) {
	st := status{fwd: fwdRequest, detail: "only-if-cached"}
	st.add(w.Header(), c.name)
	c.observe(r, st, false)
	http.Error(w, "not cached", http.StatusGatewayTimeout)
}

// lookup returns the stored response that was selected by a request with header
// h, stale or not, or nil and what was found instead.
//
// Responses that vary are stored under keys of their own, beside a note under
// the primary key which says by what. This process remembers notes, so that the
// second lookup is the first one's exception.
func (c *Cache) lookup(ctx context.Context, s *scratch, h http.Header) (*coherent.Stored[*response], coherent.Verdict, error) {
	s.tried = s.tried[:0]
	key := s.primary
	if fields := c.memo.fields(s.primary); fields != nil {
		s.variant = c.keys.AppendVariant(s.variant[:0], s.primary, fields, h)
		key = s.variant
	}
	worst := coherent.Absent
	for {
		stored, verdict, err := c.values.Get(ctx, key)
		if err != nil {
			return nil, worst, err
		}
		atPrimary := len(key) == len(s.primary)
		switch {
		case stored == nil:
			worst = max(worst, verdict)
			if atPrimary || len(s.tried) > 0 {
				return nil, worst, nil
			}
			s.tried = append(s.tried, s.variant...)
			key = s.primary
		case stored.Value.is(isNote):
			fields := stored.Value.vary
			c.memo.setFields(s.primary, fields)
			s.variant = c.keys.AppendVariant(s.variant[:0], s.primary, fields, h)
			if !atPrimary || bytes.Equal(s.variant, s.tried) {
				return nil, worst, nil
			}
			key = s.variant
			s.tried = append(s.tried[:0], s.variant...)
		default:
			if atPrimary {
				c.memo.setFields(s.primary, nil)
			}
			return stored, verdict, nil
		}
	}
}

// miss answers a request for which nothing usable is stored: with a fill, or
// with one that is under way. It returns false if that was of no use.
func (c *Cache) miss(next http.Handler, w http.ResponseWriter, r *http.Request, s *scratch, old *coherent.Stored[*response], verdict coherent.Verdict, asks *control) bool {
	look := status{fwd: fwdMiss}
	forced := asks.noCache || asks.maxAge.set || asks.minFresh.set
	switch {
	case old != nil && forced:
		look.fwd = fwdRequest
	case old != nil:
		look.fwd = fwdStale
	case verdict == coherent.Purged, c.memo.wasDeleted(s.primary):
		look.detail = string(reasonPurged)
	}
	if r.Method == http.MethodHead && old == nil {
		c.pass(next, w, r, look.fwd, look.detail)
		return true
	}
	if len(r.Header["Range"]) > 0 && old == nil {
		// A part is not stored, and to ask for the whole could be far more than
		// the visitor wants.
		c.pass(next, w, r, look.fwd, string(reasonPartial))
		return true
	}
	id, ok := c.identify(r)
	if !ok {
		c.pass(next, w, r, look.fwd, string(reasonDepth))
		return true
	}
	t := &task{c: c, next: next, w: w, r: r, id: id, old: old, look: look}
	if c.opts.StatusKey {
		t.look.key = id.primary
	}
	switch {
	case r.Method == http.MethodHead:
		t.fill = c.store.Begin()
		c.observe(r, look, false)
		t.head()
		return true
	case forced, len(r.Header["Authorization"]) > 0, asksNotToStore(r.Header), c.memo.keptApart(s.primary):
		t.fill = c.store.Begin()
		t.fill.Add(id.deps...)
		c.observe(r, look, false)
		t.run()
		return true
	}
	key := id.primary
	if fields := c.memo.fields(s.primary); fields != nil {
		s.variant = c.keys.AppendVariant(s.variant[:0], s.primary, fields, r.Header)
		key = string(s.variant)
	}
	flight, leads := c.values.Enter(key, id.deps...)
	if leads {
		defer flight.Finish(nil, false) // whatever panics
		c.observe(r, look, false)
		t.fill, t.flight = flight.Fill(), flight
		t.run()
		return true
	}
	p, ok, err := flight.Wait(r.Context())
	if err != nil {
		c.gaveUp(w, r, look)
		return true
	}
	now := time.Now()
	if !ok || !c.selects(p, s, r.Header) || p.ageAt(now) >= time.Duration(p.life) && !p.mayReplaceError(now) {
		return false
	}
	t.look.joined = true
	c.observe(r, t.look, false)
	c.serve(w, r, p, &second{status: p.appendStatus(t.look.format(c.name))})
	return true
}

// gaveUp answers a visitor who has gone while he waited, or whose time was up.
// The handler is not asked: all of those who waited would ask it at once, at the
// moment when it is slowest.
func (c *Cache) gaveUp(w http.ResponseWriter, r *http.Request, look status) {
	look.detail = string(reasonGaveUp)
	look.add(w.Header(), c.name)
	c.observe(r, look, false)
	http.Error(w, "timed out", http.StatusServiceUnavailable)
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
	s.variant = c.keys.AppendVariant(s.variant[:0], s.primary, p.vary, h)
	return string(s.variant) == p.key
}

// alone has the handler answer without waiting for others, or they for it. What
// it gives is stored all the same if it may be.
func (c *Cache) alone(next http.Handler, w http.ResponseWriter, r *http.Request, look status) {
	id, ok := c.identify(r)
	if !ok || r.Method == http.MethodHead || len(r.Header["Range"]) > 0 {
		c.pass(next, w, r, look.fwd, look.detail)
		return
	}
	f := c.store.Begin()
	f.Add(id.deps...)
	c.observe(r, look, false)
	(&task{c: c, next: next, w: w, r: r, id: id, fill: f, look: look}).run()
}

// An identity is what a request asks for, by the names that a purge knows.
type identity struct {
	primary string
	origin  string
	uri     string
	deps    []cache.Dependency // what its response depends on from birth
}

// identify returns the identity of a request; ok is false if its path is too
// deep.
func (c *Cache) identify(r *http.Request) (id identity, ok bool) {
	k := c.keys.Request(r)
	path := k.Path()
	if !k.Valid() || strings.Count(path, "/") > maxDepth {
		return identity{}, false
	}
	// A purge names a URL with its host, or without.
	deps := append(make([]cache.Dependency, 0, 8), cache.URI(k.URI()), cache.URI(k.Target()))
	return identity{k.String(), origin(k), k.URI(), cache.AppendPathDependencies(deps, path)}, true
}
