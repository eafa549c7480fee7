package pagecache

import (
	"net/http"
	"strings"
	"time"

	"github.com/uncache/uncache/internal/httpdate"
)

// A reason says in a word why a response was not stored, or not answered from the
// store; it stands in Cache-Status as the detail. docs/cache-status.md has the
// table of them.
type reason string

const (
	storable           reason = ""
	reasonRequest      reason = "request-no-store"
	reasonStatus       reason = "status"
	reasonNoStore      reason = "no-store"
	reasonNoCache      reason = "no-cache"
	reasonPrivate      reason = "private"
	reasonSetCookie    reason = "set-cookie"
	reasonAuth         reason = "authorization"
	reasonSession      reason = "session-cookie"
	reasonVisitor      reason = "visitor"
	reasonDoNotStore   reason = "do-not-store"
	reasonVary         reason = "vary-any"
	reasonPartial      reason = "partial"
	reasonTrailer      reason = "trailer"
	reasonNoLifetime   reason = "no-lifetime"
	reasonTooLarge     reason = "too-large"
	reasonIncomplete   reason = "incomplete"
	reasonDepth        reason = "path-depth"
	reasonTooManyNames reason = "too-many-dependencies"
	reasonURLLength    reason = "url-length"
	reasonPurged       reason = "purged"
	reasonRolledBack   reason = "rolled-back" // what it may show
	reasonStore        reason = "store-failed"
	reasonUnavailable  reason = "cache-unavailable"
	reasonNoKey        reason = "no-key"
	reasonHost         reason = "host"         // malformed, or none
	reasonOtherHost    reason = "unknown-host" // not one of keys.Options.Hosts
	reasonPath         reason = "path"
	reasonQuery        reason = "query"
	reasonFieldName    reason = "field-name"
	reasonRedirect     reason = "redirect-to-itself"
	reasonContent      reason = "content"
	reasonNested       reason = "nested"
	reasonGaveUp       reason = "gave-up"
	reasonOlder        reason = "older"     // than what is stored
	reasonCondition    reason = "condition" // a 304 to the visitor's own
	reasonUnwrapped    reason = "unwrapped" // the handler wrote to what Unwrap returns

	reasonBypassed     reason = "bypassed" // by the context
	reasonUpgrade      reason = "upgrade"
	reasonSkip         reason = "skip"
	reasonPrecondition reason = "precondition"
	reasonConnection   reason = "connection" // it names fields
	reasonOnlyIfCached reason = "only-if-cached"
	reasonStaleIfError reason = "stale-if-error"
	reasonSoft         reason = "soft-purged" // and served while its successor is made
)

// queryCut stands behind the reason of a response that was not stored and whose
// handler was given less than the visitor's query: it could not have known that
// the parameter which it reads does not count (keys.Options.Query).
const queryCut = ":query-cut"

// heuristic lists the status codes whose responses may be stored without a
// lifetime of their own (RFC 9110 §15.1). 206 is among them, but partial
// responses are never stored here.
var heuristic = map[int]bool{
	200: true, 203: true, 204: true, 300: true, 301: true, 308: true,
	404: true, 405: true, 410: true, 414: true, 501: true,
}

// understood lists the status codes whose caching requirements this cache
// implements, for must-understand (RFC 9111 §5.2.2.3).
func understood(status int) bool {
	switch status {
	case 201, 202, 302, 303, 307, 400, 402, 403, 406, 409, 411, 413, 415, 422, 500, 502, 503, 504:
		return true // RFC 9110 §15 asks nothing of caches there
	}
	return heuristic[status]
}

// neverStored reports whether a status code says that no cache may store the
// response, whatever its header says: it is about who asks. RFC 6585 §3 to §6
// forbids it of 428, 429, 431 and 511. A 226 is what is left of a response for
// those who sent A-IM and have the rest already, of which no key here knows (RFC
// 3229 §10.6).
func neverStored(status int) bool {
	switch status {
	case http.StatusIMUsed, http.StatusPreconditionRequired, http.StatusTooManyRequests,
		http.StatusRequestHeaderFieldsTooLarge, http.StatusNetworkAuthenticationRequired:
		return true
	}
	return false
}

// policy is what a response says about storing and using it.
type policy struct {
	reason   reason        // storable, or why not
	lifetime time.Duration // for how long it is fresh
	age      time.Duration // how old it was when the handler gave it
	shared   bool          // it may answer requests with Authorization
	spoken   bool          // the handler said something to caches
	noCache  bool          // it must be validated before each use
	strict   bool          // it must not be served stale
	grace    time.Duration // for how long it may be served stale while it is validated
	ifError  time.Duration // for how long it may be served stale if that fails
	useful   bool          // also when it must not be served
	drop     []string      // fields that must not be stored

	told        bool   // the lifetime is SetTTL's
	forVisitors bool   // it was made for a visitor, and is public
	words       string // what is added to Cache-Control, for browsers
}

// judge applies RFC 9111 §3 to a response of the handler, to a request that was
// made at asked. said is what the handler said with SetTTL.
func (o *Options) judge(req *http.Request, status int, h http.Header, setCookie bool, said lifetimes, asked, now time.Time) policy {
	cc, targeted := o.control(h)
	p := policy{
		age:     initialAge(h, asked, now),
		shared:  cc.public || cc.sMaxAge.set || cc.mustRevalidate,
		spoken:  cc.present || len(h["Expires"]) > 0 || len(h["Pragma"]) > 0,
		noCache: cc.noCache,
		strict:  cc.strict(),
		grace:   o.StaleWhileRevalidate,
		ifError: o.StaleIfError,
		drop:    cc.fields,
	}
	if cc.whileRevalidate.set && (o.Refresh || o.StaleWhileRevalidate > 0) {
		p.grace = time.Duration(cc.whileRevalidate.n) * time.Second
	}
	if cc.ifError.set {
		p.ifError = time.Duration(cc.ifError.n) * time.Second
	}
	if p.strict {
		p.grace, p.ifError = 0, 0
	}
	var known bool
	p.lifetime, known = o.lifetime(&cc, targeted, status, h, now)
	p.lifetime, known = said.apply(o, status, p.lifetime, known)
	p.told = said.tell(status)
	if p.noCache {
		known = true // it will not be used without asking
	}
	if p.lifetime <= 0 && !p.spoken {
		p.grace, p.ifError = 0, 0 // it was never fresh, so it can't have become stale
	}
	p.useful = o.maxStale(p.lifetime, p.strict) || validates(status, h, asked, now)
	p.reason = o.reasonNotToStore(req, status, h, setCookie, &cc, &p, known)
	return p
}

// control returns what a response says about caching: the first targeted field
// that is valid (RFC 9213 §2.2), or Cache-Control.
func (o *Options) control(h http.Header) (cc control, targeted bool) {
	for _, name := range o.Targeted {
		fields := h[name]
		if len(fields) == 0 {
			continue
		}
		parse := parseTargeted
		if name == surrogateControl {
			parse = o.parseSurrogate
		}
		if cc, ok := parse(fields); ok {
			return cc, true
		}
	}
	return parseControl(h["Cache-Control"]), false
}

func (o *Options) reasonNotToStore(req *http.Request, status int, h http.Header, setCookie bool, cc *control, p *policy, known bool) reason {
	switch {
	case status == http.StatusNotModified:
		return reasonCondition
	case status < 200, neverStored(status):
		return reasonStatus // not final, or not for caches
	case !canonical(h):
		return reasonFieldName
	case status == http.StatusPartialContent || saysPart(status, h):
		return reasonPartial
	case parseControl(req.Header["Cache-Control"]).noStore:
		return reasonRequest // §5.2.1.5
	case cc.mustUnderstand && !understood(status):
		return reasonStatus // §5.2.2.3
	case cc.noStore && !cc.mustUnderstand:
		return reasonNoStore // §5.2.2.5; a must-understand that is met sets it aside
	case cc.private:
		return reasonPrivate // §5.2.2.7
	case !cc.present && hasNoCachePragma(h):
		return reasonNoCache
	case setCookie && !o.StoreSetCookie:
		// RFC 9111 §7.3 leaves this to the handler's Cache-Control. Handlers
		// are known to forget it, and one visitor must not get the session of
		// another.
		return reasonSetCookie
	case len(req.Header["Authorization"]) > 0 && !p.shared:
		return reasonAuth // §3.5
	case len(h["Trailer"]) > 0:
		return reasonTrailer
	case !known:
		return reasonNoLifetime
	}
	any := false
	listMembers(h, "Vary", func(member string) bool {
		any = member == "*"
		return !any
	})
	if any {
		return reasonVary // §4.1: it matches no request
	}
	// What is stale from the start is worth storing if it can be validated, or
	// served stale.
	switch {
	case p.noCache && !p.useful:
		return reasonNoCache
	case o.keepFor(p.lifetime, p.age, max(p.grace, p.ifError), p.useful) == 0:
		return reasonNoLifetime
	}
	return storable
}

// canonical reports whether all names of h are as net/http writes them. Those of
// others are sent, but not found: a "set-cookie" could hide from all that looks
// for Set-Cookie. Those with a space are what net/http has read of an origin that
// puts it before the colon: it drops the field, which may have been a Vary.
func canonical(h http.Header) bool {
	for name := range h {
		if name != http.CanonicalHeaderKey(name) || strings.ContainsAny(name, " \t") {
			return false
		}
	}
	return true
}

// saysPart reports whether Content-Range says that a response which is no 206 is
// a part. RFC 9110 §14.4 gives it a meaning in a 416 only, beside; but a 200 that
// names bytes is not taken for the whole, whoever may have lost its status.
func saysPart(status int, h http.Header) bool {
	const unit = "bytes"
	for _, field := range h["Content-Range"] {
		if status == http.StatusRequestedRangeNotSatisfiable || len(field) >= len(unit) && strings.EqualFold(field[:len(unit)], unit) {
			return true
		}
	}
	return false
}

// hasValidator reports whether a response says what it may be validated by (RFC 9111
// §4.3.1).
func hasValidator(status int, h http.Header) bool {
	return status == http.StatusOK && (len(h["Etag"]) == 1 || len(h["Last-Modified"]) == 1)
}

// validates reports whether the handler, which was asked at asked, can be asked again
// if its response is still what it was: by its entity tag, or by a date that tells
// (RFC 9110 §8.8.2.2).
func validates(status int, h http.Header, asked, now time.Time) bool {
	switch {
	case status != http.StatusOK:
		return false
	case len(h["Etag"]) == 1 && h["Etag"][0] != "":
		return true
	case len(h["Last-Modified"]) != 1:
		return false
	}
	changed, ok := httpdate.ParseAt(h["Last-Modified"][0], now)
	return ok && tells(changed, dateOf(h, now), asked)
}

// hasNoCachePragma recognises what handlers wrote before there was
// Cache-Control. It has no meaning in a response (RFC 9111 §5.4), but the
// intention is plain.
func hasNoCachePragma(h http.Header) bool {
	found := false
	listMembers(h, "Pragma", func(member string) bool {
		found = strings.EqualFold(member, "no-cache")
		return !found
	})
	return found
}
