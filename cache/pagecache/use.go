package pagecache

import (
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"

	"github.com/uncache/uncache/cache/internal/engine"
)

// useOf decides whether p may answer a request (RFC 9111 §4). What the request says
// about it is in asks, which is empty where requests are not listened to.
func useOf(p *response, verdict engine.Verdict, asks *rfc9111.Control, now time.Time) rfc9111.Use {
	f := rfc9111.Freshness{
		Age: p.ageAt(now), Lifetime: time.Duration(p.life), Grace: time.Duration(p.grace),
		NoCache: p.is(isNoCache), Strict: p.is(isStrict),
	}
	use, stale := f.Use(verdict != engine.Fresh, asks)
	if left := f.Lifetime - f.Age; use == rfc9111.UseHit && left > 0 && left <= time.Duration(p.lead) && p.early(left) {
		return rfc9111.UseEarly
	}
	if stale && verdict == engine.SoftPurged && !p.marks.has(isSoftened) {
		p.marks.set(isSoftened)
	}
	return use
}

// mayReplaceError reports whether p may answer a request although it is stale,
// since the handler could not (RFC 5861 §4).
func (p *response) mayReplaceError(now time.Time) bool {
	if p.is(isStrict | isNoCache) {
		return false
	}
	return p.ifError > 0 && p.ageAt(now)-time.Duration(p.life) < time.Duration(p.ifError)
}

// keepFor is how long p is stored: while it is fresh, and after that while it can
// be of use. It is 0 if p is of no use.
func (c *Cache) keepFor(p *response) time.Duration {
	life := time.Duration(p.life)
	useful := p.canBeValidated() || c.rules.MaxStale(life, p.is(isStrict))
	return c.rules.KeepFor(life, time.Duration(p.age), time.Duration(max(p.grace, p.ifError)), useful)
}

// canBeValidated reports whether the handler can be asked if p is still what it
// was: by an entity tag that it made itself, or by a date that tells.
func (p *response) canBeValidated() bool {
	return p.status == http.StatusOK && (p.hasOwnETag() || p.is(isDated))
}

// hasOwnETag reports whether p has an entity tag that its handler made: one, and
// not none or several.
func (p *response) hasOwnETag() bool { return p.is(ownETag) && p.header.etag() != "" }
