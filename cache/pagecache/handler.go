package pagecache

import (
	"net/http"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/find"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/internal/isnil"
)

// attempts is how often a request looks for a stored response. It looks again after it
// waited for a fill that was of no use to it. After the last time it renders for itself.
const attempts = 3

// scratch is the memory that a request needs, used again.
type scratch struct {
	find.Scratch
	until time.Time // for how long the visitor waits at most; zero before it has begun to
}

// Handler returns next with the cache in front of it. It panics if next is nil.
//
// One Cache may be in front of several handlers if their URLs differ: as the client asked
// for them, or as [http.StripPrefix] has left them.
func (c *Cache) Handler(next http.Handler) http.Handler {
	if isnil.Value(next) {
		panic("pagecache: Handler: the handler is nil")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isSafe(r.Method) {
			c.passUnsafe(next, w, r)
			return
		}
		if fwd, why := c.leaves(r); fwd != "" {
			c.pass(next, w, r, fwd, string(why))
			return
		}
		c.handle(next, w, r)
	})
}

// leaves says why the cache leaves a safe request to the handler, whatever is stored. fwd is
// empty if it does not.
func (c *Cache) leaves(r *http.Request) (fwd string, why reason) {
	connection := r.Header["Connection"]
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return fwdMethod, ""
	case cache.Bypassed(r.Context()):
		return fwdBypass, reasonBypassed
	case rfc9111.Upgrades(r.Header, connection):
		return fwdBypass, reasonUpgrade
	case c.skips(r):
		return fwdBypass, reasonSkip
	case engine.FillFrom(r.Context()) != nil:
		// This request is made while another response is rendered, which must
		// depend on all that this one depends on. And if its URL were the same,
		// it would wait for itself.
		return fwdBypass, reasonNested
	case r.ContentLength != 0:
		// RFC 9110 §9.3.1: content of a GET has no meaning. What a handler makes
		// of it is not in the key.
		return fwdRequest, reasonContent
	case rfc9111.AnswersItself(r.Header):
		return fwdRequest, reasonPrecondition
	case rfc9111.NamesFields(r.Header, connection):
		return fwdRequest, reasonConnection
	}
	return "", storable
}

// handle answers a request that the cache has a say in: at once, or by looking it up.
func (c *Cache) handle(next http.Handler, w http.ResponseWriter, r *http.Request) {
	asks := c.asks(r)
	knownBy := c.visitorOf(r)
	if !c.quick(next, w, r, &asks, knownBy) {
		c.find(next, w, r, &asks, knownBy)
	}
}

// asks returns what a request says about caching, if Proxy.ClientDirectives is set.
func (c *Cache) asks(r *http.Request) (asks rfc9111.Control) {
	if c.proxy.ClientDirectives {
		asks = clientControl(r.Header)
	}
	return asks
}

// find looks a request up. It answers with what is stored, or has the handler render.
func (c *Cache) find(next http.Handler, w http.ResponseWriter, r *http.Request, asks *rfc9111.Control, knownBy reason) {
	if isLong(r) {
		c.pass(next, w, r, fwdBypass, string(reasonURLLength))
		return
	}
	s := c.scratch.Get().(*scratch)
	defer c.scratch.Put(s)
	var ok bool
	s.Keys = c.keysFor(knownBy)
	s.until = time.Time{}
	if s.Primary, ok = s.Keys.AppendRequest(s.Primary[:0], r); !ok {
		c.pass(next, w, r, fwdBypass, string(c.whyNoKey(r)))
		return
	}
	for range attempts {
		found, verdict, err := c.index.Lookup(r.Context(), &s.Scratch, r.Header)
		switch {
		case err != nil && asks.OnlyIfCached:
			c.notCached(w, r)
			return
		case err != nil:
			c.pass(next, w, r, fwdBypass, string(reasonUnavailable))
			return
		}
		if found != nil {
			now := c.clock.now()
			use, why := mayAnswer(r, found.Value, verdict, asks, knownBy, now)
			switch {
			case why != storable && asks.OnlyIfCached:
				c.notCached(w, r)
				return
			case why != storable:
				// The handler knows more of this visitor than of the one that the
				// response was made for.
				c.alone(next, w, r, status{fwd: fwdRequest, detail: string(why)}, knownBy)
				return
			}
			if use != rfc9111.UseNot {
				if c.short != nil && s.Keys == c.keys {
					c.short.Learn(r, s.Primary, found)
				}
				if c.answer(next, w, r, found, use, now, knownBy) {
					return
				}
			}
		}
		var part *engine.Stored[*stored.Response]
		if found == nil && len(r.Header["Range"]) > 0 {
			var served bool
			if part, served = c.servePart(w, r, s, asks, knownBy); served {
				return
			}
		}
		if asks.OnlyIfCached {
			c.notCached(w, r)
			return
		}
		if found == nil && c.keepsParts(r) {
			c.missRange(next, w, r, part, knownBy)
			return
		}
		if c.miss(next, w, r, s, found, verdict, asks, knownBy) {
			return
		}
	}
	c.alone(next, w, r, status{fwd: fwdMiss}, knownBy)
}
