package pagecache

import (
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
)

// A use is what may be done with a stored response.
type use uint8

const (
	useNot         use = iota // nothing: it must be validated, or made anew
	useHit                    // it answers the request
	useEarly                  // it answers the request, and its successor is made before it is needed
	useWhileMaking            // it answers the request because its successor is made meanwhile
)

// useOf decides whether p may answer a request (RFC 9111 §4). What the visitor
// says about it is in req, which is empty where visitors are not listened to.
func useOf(p *response, verdict engine.Verdict, req *control, now time.Time) use {
	age := p.ageAt(now)
	stale := age - time.Duration(p.life) // by how much
	if p.is(isNoCache) || req.noCache {
		return useNot // §5.2.2.4, §5.2.1.4
	}
	if req.maxAge.set && age > time.Duration(req.maxAge.n)*time.Second {
		return useNot // §5.2.1.1; max-stale is about staleness, and not about this
	}
	if verdict == engine.Fresh && stale < 0 {
		if req.minFresh.set && -stale < time.Duration(req.minFresh.n)*time.Second {
			return useNot // §5.2.1.3
		}
		if -stale <= time.Duration(p.lead) && p.early(-stale) {
			return useEarly
		}
		return useHit
	}
	if p.is(isStrict) || req.minFresh.set {
		return useNot // §4.2.4
	}
	if req.maxAge.set && !req.maxStale.set {
		return useNot // §5.2.1.1: whoever says max-age alone wants nothing stale
	}
	if verdict == engine.Fresh && req.maxStale.set && stale <= time.Duration(req.maxStale.n)*time.Second {
		return useHit // §5.2.1.2
	}
	if verdict == engine.SoftPurged && !p.marks.has(isSoftened) {
		p.marks.set(isSoftened)
	}
	if p.grace > 0 && stale < time.Duration(p.grace) {
		return useWhileMaking // RFC 5861 §3, and a soft purge
	}
	return useNot
}

// mayReplaceError reports whether p may answer a request although it is stale,
// since the handler could not (RFC 5861 §4).
func (p *response) mayReplaceError(now time.Time) bool {
	if p.is(isStrict | isNoCache) {
		return false
	}
	return p.ifError > 0 && p.ageAt(now)-time.Duration(p.life) < time.Duration(p.ifError)
}

// isError lists the status codes that a stale response may be served in place
// of (RFC 5861 §4).
func isError(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// keepFor is how long p is stored: while it is fresh, and after that while it can
// be of use. It is 0 if p is of no use.
func (c *Cache) keepFor(p *response) time.Duration {
	life := time.Duration(p.life)
	useful := p.canBeValidated() || c.opts.maxStale(life, p.is(isStrict))
	return c.opts.keepFor(life, time.Duration(p.age), time.Duration(max(p.grace, p.ifError)), useful)
}

// keepFor is how long a response is stored that arrives at an age, and may be served
// stale for a time after its lifetime. KeepStale counts for what is useful even when
// that is over. It counts from the arrival, if the response arrives stale: it
// would be over before anybody could ask the handler about it.
func (o *Options) keepFor(life, age, after time.Duration, useful bool) time.Duration {
	left := addTimes(life, -age)
	keep := addTimes(left, after)
	if useful {
		keep = max(keep, addTimes(max(left, 0), o.KeepStale))
	}
	return max(keep, 0)
}

// maxStale reports whether what has become stale may be of use to a visitor who
// says max-stale (RFC 9111 §5.2.1.2). What was given no time to be fresh in is no
// use to anybody.
func (o *Options) maxStale(life time.Duration, strict bool) bool {
	return o.ClientDirectives && life > 0 && !strict
}

// canBeValidated reports whether the handler can be asked if p is still what it
// was: by an entity tag that it made itself, or by a date that tells.
func (p *response) canBeValidated() bool {
	return p.status == http.StatusOK && (p.hasOwnETag() || p.is(isDated))
}

// hasOwnETag reports whether p has an entity tag that its handler made: one, and
// not none or several.
func (p *response) hasOwnETag() bool { return p.is(ownETag) && p.header.etag() != "" }
