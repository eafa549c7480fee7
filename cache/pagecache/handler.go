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
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			c.pass(next, w, r, fwdMethod, "")
		case cache.Bypassed(r.Context()), len(r.Header["Upgrade"]) > 0, c.opts.Skip != nil && c.opts.Skip(r):
			c.pass(next, w, r, fwdBypass, "")
		case answersItself(r.Header):
			c.pass(next, w, r, fwdRequest, "")
		default:
			c.handle(next, w, r)
		}
	})
}

// pass lets the handler answer the request as if there were no cache, but for
// the field that says so.
func (c *Cache) pass(next http.Handler, w http.ResponseWriter, r *http.Request, fwd, detail string) {
	st := status{fwd: fwd, detail: detail}
	st.add(w.Header(), c.name)
	c.observe(r, st, false)
	next.ServeHTTP(w, r)
}

func (c *Cache) handle(next http.Handler, w http.ResponseWriter, r *http.Request) {
	s := c.scratch.Get().(*scratch)
	defer c.scratch.Put(s)
	var ok bool
	if s.primary, ok = c.keys.AppendRequest(s.primary[:0], r); !ok {
		c.pass(next, w, r, fwdBypass, "no-key")
		return
	}
	for range attempts {
		p, verdict, err := c.lookup(r.Context(), s, r.Header)
		if err != nil {
			c.pass(next, w, r, fwdBypass, string(reasonUnavailable))
			return
		}
		if p != nil {
			if len(r.Header["Authorization"]) > 0 && !p.shared {
				// The handler knows more of this visitor than of the one the
				// response was made for.
				c.alone(next, w, r, s, status{fwd: fwdRequest, detail: string(reasonAuth)})
				return
			}
			c.observeHit(r)
			c.serve(w, r, p, p.hit(p.ageAt(time.Now()), c.name))
			return
		}
		if c.miss(next, w, r, s, verdict) {
			return
		}
	}
	c.alone(next, w, r, s, status{fwd: fwdMiss})
}

// lookup returns the stored response that may answer a request with header h,
// or nil and what was found instead.
//
// Responses that vary are stored under keys of their own, beside a note under
// the primary key which says by what. This process remembers notes, so that the
// second lookup is the first one's exception.
func (c *Cache) lookup(ctx context.Context, s *scratch, h http.Header) (*response, coherent.Verdict, error) {
	s.tried = s.tried[:0]
	key := s.primary
	if fields := c.memo.fields(s.primary); fields != nil {
		s.variant = c.keys.AppendVariant(s.variant[:0], s.primary, fields, h)
		key = s.variant
	}
	worst := coherent.Absent
	for {
		p, verdict, err := c.values.Get(ctx, key)
		if err != nil {
			return nil, worst, err
		}
		atPrimary := len(key) == len(s.primary)
		switch {
		case verdict != coherent.Fresh:
			worst = max(worst, verdict)
			if atPrimary || len(s.tried) > 0 {
				return nil, worst, nil
			}
			s.tried = append(s.tried, s.variant...)
			key = s.primary
		case p.note:
			c.memo.setFields(s.primary, p.vary)
			s.variant = c.keys.AppendVariant(s.variant[:0], s.primary, p.vary, h)
			if !atPrimary || bytes.Equal(s.variant, s.tried) {
				return nil, worst, nil
			}
			key = s.variant
			s.tried = append(s.tried[:0], s.variant...)
		default:
			if atPrimary {
				c.memo.setFields(s.primary, nil)
			}
			if !p.fresh(p.ageAt(time.Now())) {
				return nil, worst, nil
			}
			return p, verdict, nil
		}
	}
}

// miss answers a request for which nothing is stored: with a fill, or with one
// that is under way. It returns false if that was of no use.
func (c *Cache) miss(next http.Handler, w http.ResponseWriter, r *http.Request, s *scratch, verdict coherent.Verdict) bool {
	look := status{fwd: fwdMiss}
	if verdict == coherent.Purged || verdict == coherent.SoftPurged || c.memo.wasDeleted(s.primary) {
		look.detail = string(reasonPurged)
	}
	if r.Method == http.MethodHead {
		c.pass(next, w, r, fwdMiss, look.detail)
		return true
	}
	if len(r.Header["Range"]) > 0 {
		// A part is not stored, and to ask for the whole could be far more than
		// the visitor wants.
		c.pass(next, w, r, fwdMiss, string(reasonPartial))
		return true
	}
	if len(r.Header["Authorization"]) > 0 || c.memo.keptApart(s.primary) {
		c.alone(next, w, r, s, look)
		return true
	}
	primary, deps, ok := c.dependencies(r)
	if !ok {
		c.pass(next, w, r, fwdMiss, string(reasonDepth))
		return true
	}
	key := primary
	if fields := c.memo.fields(s.primary); fields != nil {
		s.variant = c.keys.AppendVariant(s.variant[:0], s.primary, fields, r.Header)
		key = string(s.variant)
	}
	flight, leads := c.values.Enter(key, deps...)
	if leads {
		c.observe(r, look, false)
		c.fill(next, w, r, primary, flight.Fill(), flight, look)
		return true
	}
	p, ok, err := flight.Wait(r.Context())
	if err != nil {
		c.pass(next, w, r, fwdMiss, "") // the handler sees that the visitor is gone
		return true
	}
	if !ok || !c.selects(p, s, r.Header) || !p.fresh(p.ageAt(time.Now())) {
		return false
	}
	look.joined = true
	c.observe(r, look, false)
	c.serve(w, r, p, &second{status: p.appendStatus(look.format(c.name))})
	return true
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
func (c *Cache) alone(next http.Handler, w http.ResponseWriter, r *http.Request, s *scratch, look status) {
	primary, deps, ok := c.dependencies(r)
	if !ok || r.Method == http.MethodHead {
		c.pass(next, w, r, look.fwd, look.detail)
		return
	}
	f := c.store.Begin()
	f.Add(deps...)
	c.observe(r, look, false)
	c.fill(next, w, r, primary, f, nil, look)
}

// dependencies returns the primary key of a request, and what its response
// depends on from birth.
func (c *Cache) dependencies(r *http.Request) (primary string, deps []cache.Dependency, ok bool) {
	k := c.keys.Request(r)
	path := k.Path()
	if strings.Count(path, "/") > maxDepth {
		return "", nil, false
	}
	// A purge names a URL with its host, or without.
	deps = append(make([]cache.Dependency, 0, 8), cache.URI(k.URI()), cache.URI(k.Target()))
	return k.String(), cache.AppendPathDependencies(deps, path), true
}
