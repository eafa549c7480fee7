package pagecache

import (
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/internal/httpdate"
)

// mayAnswer decides what may be done with p, a stored response, for a request (RFC 9111
// §4). why says why the response is not for the one who asks. asks is what the request
// says about caching, and empty where requests are not listened to.
func mayAnswer(r *http.Request, p *stored.Response, verdict engine.Verdict, asks *rfc9111.Control, knownBy reason, now time.Time) (use rfc9111.Use, why reason) {
	if why = forbids(p, r, knownBy); why != storable {
		return rfc9111.UseNot, why
	}
	f := freshnessOf(p, now)
	use, stale := f.Use(verdict != engine.Fresh, asks)
	if left := f.Lifetime - f.Age; use == rfc9111.UseHit && left > 0 && p.EndsSoon(left) && p.Early(left) {
		return rfc9111.UseEarly, storable
	}
	if stale && verdict == engine.SoftPurged && !p.Marks.Has(stored.IsSoftened) {
		p.Marks.Set(stored.IsSoftened)
	}
	return use, storable
}

// forbids says why p must not answer r, whatever its age, or storable if it may. knownBy
// is what visitorOf says of r.
func forbids(p *stored.Response, r *http.Request, knownBy reason) reason {
	switch {
	case !p.Is(stored.IsShared) && len(r.Header["Authorization"]) > 0:
		return rfc9111.ReasonAuth
	case knownBy != stranger && !p.Is(stored.IsForVisitors):
		return knownBy
	}
	return storable
}

// freshnessOf returns what p says about its use at a time.
func freshnessOf(p *stored.Response, now time.Time) rfc9111.Freshness {
	f := rfc9111.Freshness{Age: p.AgeAt(now), Lifetime: p.Life, Grace: p.Grace}
	switch {
	case p.Is(stored.IsNoCache):
		f.Must = rfc9111.MustBeValidated
	case p.Is(stored.IsStrict):
		f.Must = rfc9111.MustNotBeStale
	}
	return f
}

// keepFor is how long p is stored: while it is fresh, and after that while it can be of
// use. It is 0 if p is of no use.
func (c *Cache) keepFor(p *stored.Response) time.Duration {
	useful := p.CanBeValidated() || c.rules.MaxStale(p.Life, p.Is(stored.IsStrict))
	return c.rules.KeepFor(p.Life, p.Age, max(p.Grace, p.IfError), useful)
}

// mayCut reports whether a part of p may be given. With a compressor outside the cache, a
// visitor may have the other part in another coding, and nobody knows what its bytes are. A
// server may ignore Range (RFC 9110 §14.2). A handler that gives a strong entity tag itself
// answers for its bytes.
func (c *Cache) mayCut(p *stored.Response) bool {
	return !c.codedOutside() || p.Is(stored.OwnETag) && rfc9111.IsStrong(p.Header.ETag())
}

// ifRange evaluates If-Range (RFC 9110 §13.1.5). A strong entity tag has to be p's; a date
// has to be p's, and that of a strong validator. Anything else is false.
func ifRange(p *stored.Response, h http.Header, now time.Time) bool {
	fields := h["If-Range"]
	switch {
	case len(fields) == 0:
		return true
	case len(fields) > 1:
		return false
	case rfc9111.IsStrong(fields[0]):
		return fields[0] == p.Header.ETag()
	}
	date, ok := httpdate.ParseAt(fields[0], now)
	return ok && p.Is(stored.IsDated) && date.Equal(p.Changed())
}
