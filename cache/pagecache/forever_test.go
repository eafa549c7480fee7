package pagecache_test

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/backend/tiered"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

const year = 365 * 24 * time.Hour

// Options and fields that mean "for ever" do.
func TestForEver(t *testing.T) {
	backends := map[string]func(t *testing.T) cache.Backend{
		"in memory": func(t *testing.T) cache.Backend { return newMemory(t) },
		"encoded":   func(t *testing.T) cache.Backend { return far{newMemory(t)} },
		"in two tiers": func(t *testing.T) cache.Backend {
			b, err := tiered.New(newMemory(t), far{newMemory(t)})
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
	}
	var tests []struct {
		name   string
		opts   pagecache.Options
		fields []string
	}
	add := func(name string, opts pagecache.Options, fields ...string) {
		tests = append(tests, struct {
			name   string
			opts   pagecache.Options
			fields []string
		}{name, opts, fields})
	}
	for _, d := range []time.Duration{math.MaxInt64, math.MaxInt64 - 1, math.MaxInt64 - time.Millisecond, 292 * year, 200 * year, 150 * year, 100 * year, 1 << 31 * time.Second} {
		add(fmt.Sprint("TTL ", d), pagecache.Options{TTL: d})
		add(fmt.Sprint("StaleIfError ", d), pagecache.Options{TTL: year, StaleIfError: d})
		add(fmt.Sprint("StaleWhileRevalidate ", d), pagecache.Options{TTL: year, StaleWhileRevalidate: d})
		add(fmt.Sprint("KeepStale ", d), pagecache.Options{TTL: year, KeepStale: d})
		add(fmt.Sprint("all of them ", d), pagecache.Options{TTL: d, ErrorTTL: d, StaleIfError: d, StaleWhileRevalidate: d, KeepStale: d, RefreshTimeout: d, PurgeTimeout: d, EarlyRefresh: 1})
	}
	for _, n := range []string{"2147483647", "2147483648", "2147483649", "4294967296", "9223372036", "9223372037", "9223372036854775807", "9223372036854775808", "99999999999999999999999999"} {
		add("max-age "+n, pagecache.Options{}, "Cache-Control: max-age="+n)
		add("s-maxage "+n, pagecache.Options{KeepStale: math.MaxInt64}, "Cache-Control: s-maxage="+n)
		add("stale for "+n, pagecache.Options{StaleWhileRevalidate: time.Second}, "Cache-Control: max-age=31536000, stale-while-revalidate="+n+", stale-if-error="+n)
	}
	add("with an age", pagecache.Options{KeepStale: math.MaxInt64, StaleIfError: math.MaxInt64}, "Cache-Control: max-age=2147483648", "Age: 1000000000")
	add("by Expires", pagecache.Options{KeepStale: math.MaxInt64}, "Expires: Fri, 31 Dec 9999 23:59:59 GMT")
	for on, backend := range backends {
		for _, vary := range []string{"", "Accept-Language"} {
			for _, tt := range tests {
				synctest.Test(t, func(t *testing.T) {
					tt.opts.Proxy = &pagecache.Proxy{ClientDirectives: true}
					s := newSite(t, backend(t), &tt.opts, func(w http.ResponseWriter, _ *http.Request) {
						w.Header().Set("Etag", `"v"`)
						if vary != "" {
							w.Header().Set("Vary", vary)
						}
						for _, f := range tt.fields {
							name, value, _ := strings.Cut(f, ": ")
							w.Header().Set(name, value)
						}
					})
					s.get("/")
					time.Sleep(24 * time.Hour)
					for _, asks := range []string{"X: 1", "Cache-Control: min-fresh=10", "Cache-Control: max-age=2147483648", "Cache-Control: max-stale"} {
						if got := s.get("/", asks).Header.Get("Cache-Status"); !strings.Contains(got, "; hit; ttl=") || strings.Contains(got, "ttl=-") {
							t.Errorf("%s, %s, Vary %q, %s: a day later: %s", on, tt.name, vary, asks, got)
						}
					}
				})
			}
		}
	}
}

// What was fresh for a moment may be kept, or served stale, for ever.
func TestStaleForEver(t *testing.T) {
	for name, tt := range map[string]struct {
		opts pagecache.Options
		want string
	}{
		"kept":              {pagecache.Options{TTL: time.Second, KeepStale: math.MaxInt64}, "uncache; fwd=stale; fwd-status=304; stored"},
		"served":            {pagecache.Options{TTL: time.Second, StaleWhileRevalidate: math.MaxInt64}, "uncache; hit; ttl=-"},
		"served for errors": {pagecache.Options{TTL: time.Second, StaleIfError: math.MaxInt64}, "uncache; fwd=stale; fwd-status=503; ttl=-"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fails := false
				s := newSite(t, nil, &tt.opts, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Etag", `"v"`)
					switch {
					case fails:
						w.WriteHeader(http.StatusServiceUnavailable)
					case r.Header.Get("If-None-Match") != "":
						w.WriteHeader(http.StatusNotModified)
					}
				})
				s.get("/")
				time.Sleep(24 * time.Hour)
				fails = name == "served for errors"
				if got := s.get("/").Header.Get("Cache-Status"); !strings.HasPrefix(got, tt.want) {
					t.Errorf("a day later: %s, want %s", got, tt.want)
				}
				synctest.Wait()
			})
		})
	}
}

// KeepStale counts from the arrival of what arrives stale: the handler is asked about
// it. What can't be asked about is not stored, and does not say so.
func TestArrivesStale(t *testing.T) {
	const etag, longAgo, justNow = `Etag: "v"`, "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT", "Last-Modified: now"
	for _, tt := range []struct {
		rule   string
		fields []string
		opts   pagecache.Options
		first  string // Cache-Status
		asked  bool   // about what is stored, a while later
	}{
		{"Expires in 1970", []string{"Expires: Thu, 01 Jan 1970 00:00:00 GMT", etag}, pagecache.Options{}, "stored", true},
		{"Expires at the beginning of time", []string{"Expires: Mon, 01 Jan 0001 00:00:00 GMT", etag}, pagecache.Options{}, "stored", true},
		{"Expires: 0", []string{"Expires: 0", etag}, pagecache.Options{}, "stored", true},
		{"older than it lives", []string{"Cache-Control: max-age=1", "Age: 100000", etag}, pagecache.Options{}, "stored", true},
		{"older than anything", []string{"Cache-Control: max-age=1", "Age: 99999999999999999999", etag}, pagecache.Options{}, "stored", true},
		{"max-age=0 and old", []string{"Cache-Control: max-age=0", "Age: 100000", etag}, pagecache.Options{}, "stored", true},
		{"no-cache and old", []string{"Cache-Control: no-cache", "Age: 100000", etag}, pagecache.Options{}, "stored", true},
		{"must-revalidate and old", []string{"Cache-Control: must-revalidate, max-age=1", "Age: 100000", etag}, pagecache.Options{}, "stored", true},
		{"an old Date", []string{"Cache-Control: max-age=1", "Date: Thu, 01 Jan 1970 00:00:10 GMT", etag}, pagecache.Options{}, "stored", true},
		{"a date to ask by", []string{"Cache-Control: max-age=1", "Age: 100000", longAgo}, pagecache.Options{}, "stored", true},
		{"and a window that is over", []string{"Cache-Control: max-age=1, stale-while-revalidate=60", "Age: 100000", etag}, pagecache.Options{Proxy: &pagecache.Proxy{Refresh: true}}, "stored", true},
		{"a date that does not tell", []string{"Cache-Control: max-age=1", "Age: 100000", justNow}, pagecache.Options{}, "detail=no-lifetime", false},
		{"no-cache and a date that does not tell", []string{"Cache-Control: no-cache", justNow}, pagecache.Options{}, "detail=no-cache", false},
		{"max-age=0 and a date that does not tell", []string{"Cache-Control: max-age=0", justNow}, pagecache.Options{}, "detail=no-lifetime", false},
		{"no date at all", []string{"Cache-Control: max-age=0", "Last-Modified: yesterday"}, pagecache.Options{}, "detail=no-lifetime", false},
		{"nothing to ask by", []string{"Cache-Control: max-age=1", "Age: 100000"}, pagecache.Options{}, "detail=no-lifetime", false},
		{"an empty tag", []string{"Cache-Control: max-age=0", "Etag: "}, pagecache.Options{}, "detail=no-lifetime", false},
		{"two tags", []string{"Cache-Control: max-age=0", etag, `Etag: "w"`}, pagecache.Options{}, "detail=no-lifetime", false},
		{"two dates", []string{"Cache-Control: max-age=0", longAgo, justNow}, pagecache.Options{}, "detail=no-lifetime", false},
		{"an error", []string{"Cache-Control: max-age=0", etag, "Status: 404"}, pagecache.Options{}, "detail=no-lifetime", false},
		{"nothing to ask by, for max-stale", []string{"Cache-Control: max-age=1", "Age: 100000"}, pagecache.Options{Proxy: &pagecache.Proxy{ClientDirectives: true}}, "stored", false},
	} {
		inStores(t, func(t *testing.T, _ *memory.Backend, b cache.Backend) {
			t.Run(tt.rule, func(t *testing.T) {
				asked := ""
				s := newSite(t, b, &tt.opts, func(w http.ResponseWriter, r *http.Request) {
					asked = r.Header.Get("If-None-Match") + r.Header.Get("If-Modified-Since")
					if asked != "" {
						w.WriteHeader(http.StatusNotModified)
						return
					}
					status := http.StatusOK
					for _, f := range tt.fields {
						name, value, _ := strings.Cut(f, ": ")
						if value == "now" {
							value = time.Now().UTC().Format(http.TimeFormat)
						}
						if name == "Status" {
							status = http.StatusNotFound
							continue
						}
						w.Header().Add(name, value)
					}
					w.WriteHeader(status)
				})
				resp := s.get("/")
				if got, want := resp.Header.Get("Cache-Status"), "uncache; fwd=miss; "+tt.first; got != want {
					t.Errorf("Cache-Status is %q, want %q", got, want)
				}
				time.Sleep(5 * time.Millisecond) // it was kept for one
				resp = s.get("/")
				if (asked != "") != tt.asked {
					t.Errorf("a moment later the handler was asked about %q: %s", asked, resp.Header.Get("Cache-Status"))
				}
				if p := tt.opts.Proxy; p != nil && p.ClientDirectives {
					wantStatus(t, s.get("/", "Cache-Control: max-stale"), tt.rule, "uncache; hit; ttl=-")
				}
			})
		})
	}
}

// It is kept for KeepStale, and no longer.
func TestArrivesStaleAndIsKeptForKeepStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil, &pagecache.Options{KeepStale: time.Hour}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "max-age=1")
			w.Header().Set("Age", "100000")
			w.Header().Set("Etag", `"v"`)
			if r.Header.Get("If-None-Match") != "" {
				w.WriteHeader(http.StatusNotModified)
			}
		})
		s.get("/")
		time.Sleep(59 * time.Minute)
		wantStatus(t, s.get("/"), "within KeepStale", "uncache; fwd=stale; fwd-status=304; stored")
		time.Sleep(61 * time.Minute)
		wantStatus(t, s.get("/"), "after KeepStale", "uncache; fwd=miss; stored")
	})
}
