package rfc9111

import (
	"net/http"
	"strings"
	"time"

	"github.com/uncache/uncache/internal/httpdate"
)

// MaxDuration bounds lifetimes and ages that come of dates, as those in seconds
// are bounded: what is reckoned with them must not overflow.
const MaxDuration = maxSeconds * time.Second

// maxHeuristic bounds a lifetime that is guessed from Last-Modified.
const maxHeuristic = 24 * time.Hour

// lifetime is the freshness lifetime of RFC 9111 §4.2.1: s-maxage, max-age,
// Expires minus Date, or a heuristic one for the status codes that allow it.
// known is false if none of them applies, so that the response may not be
// stored at all. targeted says that cc stands in place of Expires, too (RFC
// 9213 §2.1).
func (r *Rules) lifetime(cc *Control, targeted bool, status int, h http.Header, now time.Time) (_ time.Duration, known bool) {
	switch {
	case cc.SMaxAge.Set:
		return time.Duration(cc.SMaxAge.N) * time.Second, true
	case cc.MaxAge.Set:
		return time.Duration(cc.MaxAge.N) * time.Second, true
	case !targeted && len(h["Expires"]) > 0:
		expires, ok := httpdate.ParseAt(h["Expires"][0], now)
		if !ok || len(h["Expires"]) > 1 {
			return 0, true // §5.3: "0" and other nonsense are in the past
		}
		return min(max(expires.Sub(dateOf(h, now)), -MaxDuration), MaxDuration), true
	case r.ttlOf(status) > 0:
		return r.ttlOf(status), true
	case r.Heuristic && (heuristic[status] && r.TTL == 0 || cc.Public):
		life := guess(h, now)
		return life, life > 0 || hasValidator(status, h)
	}
	return 0, false
}

// ttlOf returns the lifetime of responses whose handler gave none, or 0 if the
// options give none to this status code. Told.apply bounds what SetTTL says alike.
func (r *Rules) ttlOf(status int) time.Duration {
	switch {
	case !ttlCounts(status):
		return 0
	case saysGone(status) && r.ErrorTTL > 0:
		return r.ErrorTTL
	}
	return r.TTL
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

// initialAge is the corrected_initial_age of RFC 9111 §4.2.3, of a response to
// a request that was made at asked and answered at now. A handler that gives
// neither Date nor Age makes its responses itself, and how long it takes is not
// their age.
func initialAge(h http.Header, asked, now time.Time) time.Duration {
	if len(h["Date"]) == 0 && len(h["Age"]) == 0 {
		return 0
	}
	apparent := min(max(now.Sub(dateOf(h, now)).Truncate(time.Second), 0), MaxDuration)
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
