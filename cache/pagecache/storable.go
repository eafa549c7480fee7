package pagecache

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A reason says in a word why a response was not stored; it stands in
// Cache-Status as the detail.
type reason string

const (
	storable          reason = ""
	reasonRequest     reason = "request-no-store"
	reasonStatus      reason = "status"
	reasonNoStore     reason = "no-store"
	reasonNoCache     reason = "no-cache"
	reasonPrivate     reason = "private"
	reasonSetCookie   reason = "set-cookie"
	reasonAuth        reason = "authorization"
	reasonVary        reason = "vary-any"
	reasonPartial     reason = "partial"
	reasonTrailer     reason = "trailer"
	reasonNoLifetime  reason = "no-lifetime"
	reasonTooLarge    reason = "too-large"
	reasonIncomplete  reason = "incomplete"
	reasonDepth       reason = "path-depth"
	reasonPurged      reason = "purged"
	reasonStore       reason = "store-failed"
	reasonUnavailable reason = "cache-unavailable"
)

// heuristic lists the status codes whose responses may be stored without a
// lifetime of their own (RFC 9110 §15.1), and so get the configured one.
// 206 is among them, but partial responses are never stored here.
var heuristic = map[int]bool{
	200: true, 203: true, 204: true, 300: true, 301: true, 308: true,
	404: true, 405: true, 410: true, 414: true, 501: true,
}

// understood lists the status codes whose caching requirements this cache
// implements, for must-understand (RFC 9111 §5.2.2.3).
func understood(status int) bool {
	return heuristic[status] || status == 302 || status == 303 || status == 307
}

// policy is what a response says about storing it.
type policy struct {
	reason   reason        // storable, or why not
	lifetime time.Duration // for how long it is fresh from its date on
	age      time.Duration // how old it was when the handler gave it
	shared   bool          // it may answer requests with Authorization
	explicit bool          // it has a freshness lifetime or Cache-Control of its own
}

// judge applies RFC 9111 §3 to a response of the handler. ttl is the lifetime
// of responses that do not say; now is when it was given.
func judge(req *http.Request, status int, h http.Header, setCookie bool, ttl time.Duration, now time.Time) policy {
	cc := parseDirectives(h["Cache-Control"])
	p := policy{
		age:      ageOf(h),
		shared:   cc.public || cc.sMaxAge.set || cc.mustRevalidate,
		explicit: cc.present || len(h["Expires"]) > 0 || len(h["Pragma"]) > 0,
	}
	var known bool
	p.lifetime, known = lifetime(cc, status, h, ttl, now)
	p.reason = reasonNotToStore(req, status, h, setCookie, cc, p, known)
	return p
}

func reasonNotToStore(req *http.Request, status int, h http.Header, setCookie bool, cc directives, p policy, known bool) reason {
	switch {
	case status < 200 || status == http.StatusNotModified:
		return reasonStatus // not final, or no response of its own
	case status == http.StatusPartialContent || len(h["Content-Range"]) > 0:
		return reasonPartial
	case parseDirectives(req.Header["Cache-Control"]).noStore:
		return reasonRequest // §5.2.1.5
	case cc.mustUnderstand && !understood(status):
		return reasonStatus // §5.2.2.3
	case cc.noStore && !cc.mustUnderstand:
		return reasonNoStore // §5.2.2.5; a must-understand that is met sets it aside
	case cc.private:
		return reasonPrivate // §5.2.2.7
	case cc.noCache:
		// §5.2.2.4 allows storing it and asks for a validation at each use,
		// which costs a handler as much as a fill.
		return reasonNoCache
	case !cc.present && hasNoCachePragma(h):
		return reasonNoCache
	case setCookie:
		// RFC 9111 §7.3 leaves this to the handler's Cache-Control. Handlers
		// are known to forget it, and one visitor must not get the session of
		// another.
		return reasonSetCookie
	case len(req.Header["Authorization"]) > 0 && !p.shared:
		return reasonAuth // §3.5
	case len(h["Trailer"]) > 0:
		return reasonTrailer
	case !known || p.lifetime <= p.age:
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
	return storable
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

// lifetime is the freshness lifetime of RFC 9111 §4.2.1: s-maxage, max-age,
// Expires minus Date, or the configured one for the status codes that allow it.
func lifetime(cc directives, status int, h http.Header, ttl time.Duration, now time.Time) (_ time.Duration, known bool) {
	switch {
	case cc.sMaxAge.set:
		return time.Duration(cc.sMaxAge.n) * time.Second, true
	case cc.maxAge.set:
		return time.Duration(cc.maxAge.n) * time.Second, true
	case len(h["Expires"]) > 0:
		expires, err := http.ParseTime(h["Expires"][0])
		if err != nil || len(h["Expires"]) > 1 {
			return 0, true // §5.3: "0" and other nonsense are in the past
		}
		date := now
		if d, err := http.ParseTime(h.Get("Date")); err == nil {
			date = d
		}
		return expires.Sub(date), true
	case ttl > 0 && (heuristic[status] || cc.public):
		return ttl, true
	}
	return 0, false
}

// ageOf reads the Age that a handler which is itself a proxy passes on (RFC
// 9111 §5.1).
func ageOf(h http.Header) time.Duration {
	first, _, _ := strings.Cut(h.Get("Age"), ",")
	n, err := strconv.ParseUint(strings.Trim(first, " \t"), 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(min(n, maxSeconds)) * time.Second
}
