package rfc9111

import (
	"net/http"
	"testing"
	"time"
)

// fields makes a header of names and values in turn.
func fields(list ...string) http.Header {
	h := make(http.Header)
	for i := 0; i < len(list); i += 2 {
		h.Add(list[i], list[i+1])
	}
	return h
}

// Whether a response may be stored, and for how long.
func TestPolicy(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	plain, ttl := Rules{}, Rules{TTL: time.Minute, ErrorTTL: time.Second}
	for _, tt := range []struct {
		rule      string
		rules     *Rules
		asks      http.Header
		status    int
		h         http.Header
		setCookie bool
		reason    Reason
		lifetime  time.Duration
	}{
		{"§4.2.1: max-age", &plain, nil, 200, fields("Cache-Control", "max-age=5"), false, Storable, 5 * time.Second},
		{"§4.2.1: s-maxage goes before it", &plain, nil, 200, fields("Cache-Control", "max-age=5, s-maxage=7"), false, Storable, 7 * time.Second},
		{"§4.2.1: Expires minus Date", &plain, nil, 200, fields("Expires", date(time.Minute), "Date", date(0)), false, Storable, time.Minute},
		{"§3: nothing gives a lifetime", &plain, nil, 200, nil, false, ReasonNoLifetime, 0},
		{"a TTL gives one", &ttl, nil, 200, nil, false, Storable, time.Minute},
		{"ErrorTTL for what is gone", &ttl, nil, 404, nil, false, Storable, time.Second},
		{"no TTL for an error", &ttl, nil, 500, nil, false, ReasonNoLifetime, 0},
		{"§5.2.2.5: no-store", &ttl, nil, 200, fields("Cache-Control", "no-store"), false, ReasonNoStore, time.Minute},
		{"§5.2.2.7: private", &ttl, nil, 200, fields("Cache-Control", "private"), false, ReasonPrivate, time.Minute},
		{"§5.2.1.5: the request says no-store", &ttl, fields("Cache-Control", "no-store"), 200, nil, false, ReasonRequest, time.Minute},
		{"§3.5: Authorization", &ttl, fields("Authorization", "x"), 200, nil, false, ReasonAuth, time.Minute},
		{"§3.5: Authorization and public", &ttl, fields("Authorization", "x"), 200, fields("Cache-Control", "public"), false, Storable, time.Minute},
		{"§4.1: Vary: *", &ttl, nil, 200, fields("Vary", "Accept, *"), false, ReasonVary, time.Minute},
		{"§7.3: a cookie is given", &ttl, nil, 200, nil, true, ReasonSetCookie, time.Minute},
		{"a part", &ttl, nil, 206, nil, false, ReasonPartial, 0},
		{"RFC 6585 §4: 429", &ttl, nil, 429, fields("Cache-Control", "max-age=5"), false, ReasonStatus, 5 * time.Second},
		{"§5.2.2.3: must-understand, not understood", &ttl, nil, 299, fields("Cache-Control", "must-understand, max-age=5"), false, ReasonStatus, 5 * time.Second},
		{"§4: no-cache without a validator", &ttl, nil, 200, fields("Cache-Control", "no-cache"), false, ReasonNoCache, time.Minute},
		{"§4: no-cache with one", &ttl, nil, 200, fields("Cache-Control", "no-cache", "Etag", `"a"`), false, Storable, time.Minute},
		{"trailers", &ttl, nil, 200, fields("Trailer", "X"), false, ReasonTrailer, time.Minute},
	} {
		rules := *tt.rules
		rules.KeepStale = time.Hour
		p := rules.Policy(tt.asks, tt.status, tt.h, tt.setCookie, Told{}, now, now)
		if p.Reason != tt.reason || p.Lifetime != tt.lifetime {
			t.Errorf("%s: got %q and %v, want %q and %v", tt.rule, p.Reason, p.Lifetime, tt.reason, tt.lifetime)
		}
	}
}
