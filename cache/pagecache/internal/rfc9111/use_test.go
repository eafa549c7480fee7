package rfc9111

import (
	"testing"
	"time"
)

// What a stored response may do for a request, by its age and by what both say.
func TestUse(t *testing.T) {
	const s = time.Second
	fresh := Freshness{Age: 10 * s, Lifetime: 60 * s}
	old := Freshness{Age: 70 * s, Lifetime: 60 * s}
	graced := Freshness{Age: 70 * s, Lifetime: 60 * s, Grace: 30 * s}
	with := func(f Freshness, m Must) Freshness { f.Must = m; return f }
	for _, tt := range []struct {
		rule   string
		f      Freshness
		purged bool
		asks   string
		want   Use
		stale  bool
	}{
		{"§4.2: fresh", fresh, false, "", UseHit, false},
		{"§4.2: the end of the lifetime is stale", Freshness{Age: 60 * s, Lifetime: 60 * s}, false, "", UseNot, true},
		{"§4.2.4: stale", old, false, "", UseNot, true},
		{"RFC 5861 §3: within the grace", graced, false, "", UseWhileMaking, true},
		{"RFC 5861 §3: after it", Freshness{Age: 90 * s, Lifetime: 60 * s, Grace: 30 * s}, false, "", UseNot, true},
		{"a soft purge makes it stale", fresh, true, "", UseNot, true},
		{"a soft purge within the grace", Freshness{Age: 10 * s, Lifetime: 60 * s, Grace: s}, true, "", UseWhileMaking, true},
		{"§5.2.2.4: no-cache", with(fresh, MustBeValidated), false, "", UseNot, false},
		{"§4.2.4: must-revalidate, fresh", with(fresh, MustNotBeStale), false, "", UseHit, false},
		{"§4.2.4: must-revalidate, stale", with(graced, MustNotBeStale), false, "", UseNot, false},
		{"§5.2.1.4: the request says no-cache", fresh, false, "no-cache", UseNot, false},
		{"§5.2.1.1: max-age that it meets", fresh, false, "max-age=10", UseHit, false},
		{"§5.2.1.1: max-age that it does not", fresh, false, "max-age=9", UseNot, false},
		{"§5.2.1.1: max-age wants nothing stale", graced, false, "max-age=100", UseNot, false},
		{"§5.2.1.3: min-fresh that it meets", fresh, false, "min-fresh=50", UseHit, false},
		{"§5.2.1.3: min-fresh that it does not", fresh, false, "min-fresh=51", UseNot, false},
		{"§5.2.1.2: max-stale that it meets", old, false, "max-stale=10", UseHit, false},
		{"§5.2.1.2: max-stale that it does not", old, false, "max-stale=9", UseNot, true},
		{"§5.2.1.2: max-stale and a soft purge", fresh, true, "max-stale", UseNot, true},
		{"§5.2.1.2: max-stale and must-revalidate", with(old, MustNotBeStale), false, "max-stale", UseNot, false},
	} {
		asks := ParseControl([]string{tt.asks})
		if got, stale := tt.f.Use(tt.purged, &asks); got != tt.want || stale != tt.stale {
			t.Errorf("%s: got %d, %v, want %d, %v", tt.rule, got, stale, tt.want, tt.stale)
		}
	}
}
