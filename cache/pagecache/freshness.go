package pagecache

import (
	"net/http"
	"strings"
	"time"

	"github.com/uncache/uncache/internal/httpdate"
)

// maxDuration bounds lifetimes and ages that come of dates, as those in seconds
// are bounded: what is reckoned with them must not overflow.
const maxDuration = maxSeconds * time.Second

// maxHeuristic bounds a lifetime that is guessed from Last-Modified.
const maxHeuristic = 24 * time.Hour

// lifetime is the freshness lifetime of RFC 9111 §4.2.1: s-maxage, max-age,
// Expires minus Date, or a heuristic one for the status codes that allow it.
// known is false if none of them applies, so that the response may not be
// stored at all. targeted says that cc stands in place of Expires, too (RFC
// 9213 §2.1).
func (o *Options) lifetime(cc *control, targeted bool, status int, h http.Header, now time.Time) (_ time.Duration, known bool) {
	switch {
	case cc.sMaxAge.set:
		return time.Duration(cc.sMaxAge.n) * time.Second, true
	case cc.maxAge.set:
		return time.Duration(cc.maxAge.n) * time.Second, true
	case !targeted && len(h["Expires"]) > 0:
		expires, ok := httpdate.ParseAt(h["Expires"][0], now)
		if !ok || len(h["Expires"]) > 1 {
			return 0, true // §5.3: "0" and other nonsense are in the past
		}
		return min(max(expires.Sub(dateOf(h, now)), -maxDuration), maxDuration), true
	case o.ttlOf(status) > 0:
		return o.ttlOf(status), true
	case o.Heuristic && (heuristic[status] && o.TTL == 0 || cc.public):
		life := guess(h, now)
		return life, life > 0 || hasValidator(status, h)
	}
	return 0, false
}

// ttlCounts reports whether the lifetime that the options give, in place of the
// handler, counts for responses with a status code. It does where the URL alone
// decides about the status.
//
// RFC 9110 §15.1 names 405, 414 and 501 as well. But a GET is answered so because
// of a field that is in no key, such as X-HTTP-Method-Override: one visitor would
// take the page from all others.
func ttlCounts(status int) bool {
	switch status {
	case http.StatusMethodNotAllowed, http.StatusRequestURITooLong, http.StatusNotImplemented:
		return false
	}
	return heuristic[status]
}

// saysGone reports whether a status code says that the URL has no page. Anybody
// can invent such URLs.
func saysGone(status int) bool {
	return status == http.StatusNotFound || status == http.StatusGone
}

// ttlOf returns the lifetime of responses whose handler gave none, or 0 if the
// options give none to this status code.
func (o *Options) ttlOf(status int) time.Duration {
	switch {
	case !ttlCounts(status):
		return 0
	case saysGone(status) && o.ErrorTTL > 0:
		return o.ErrorTTL
	}
	return o.TTL
}

// guess is a tenth of the time since the response was last changed, as RFC 9111
// §4.2.2 suggests.
func guess(h http.Header, now time.Time) time.Duration {
	if len(h["Last-Modified"]) == 0 {
		return 0
	}
	changed, ok := httpdate.ParseAt(h["Last-Modified"][0], now)
	if !ok {
		return 0
	}
	return min(max(dateOf(h, now).Sub(changed)/10, 0), maxHeuristic)
}

// dateOf is when the response was made, by its own account if it has one.
func dateOf(h http.Header, now time.Time) time.Time {
	if len(h["Date"]) > 0 {
		if t, ok := httpdate.ParseAt(h["Date"][0], now); ok {
			return t
		}
	}
	return now
}

// initialAge is the corrected_initial_age of RFC 9111 §4.2.3, of a response to
// a request that was made at asked and answered at now. A handler that gives
// neither Date nor Age makes its responses itself, and how long it takes is not
// their age.
func initialAge(h http.Header, asked, now time.Time) time.Duration {
	if len(h["Date"]) == 0 && len(h["Age"]) == 0 {
		return 0
	}
	apparent := min(max(now.Sub(dateOf(h, now)).Truncate(time.Second), 0), maxDuration)
	return max(apparent, ageOf(h)+now.Sub(asked))
}

// ageOf reads the Age field: its first member, if that is a number (RFC 9111
// §5.1).
func ageOf(h http.Header) time.Duration {
	if len(h["Age"]) == 0 {
		return 0
	}
	first, _, _ := strings.Cut(h["Age"][0], ",")
	n, _ := digits(strings.Trim(first, " \t"))
	return time.Duration(n) * time.Second
}
