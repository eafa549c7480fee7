package pagecache_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

// A clock is a handler whose page says how often it was rendered.
func ticking(fields ...string) (http.HandlerFunc, *atomic.Int64) {
	n := new(atomic.Int64)
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, f := range fields {
			name, value, _ := strings.Cut(f, ": ")
			w.Header().Set(name, value)
		}
		_, _ = fmt.Fprint(w, n.Add(1))
	}, n
}

// RFC 5861 §3.
func TestStaleWhileRevalidate(t *testing.T) {
	for name, tt := range map[string]struct {
		opts pagecache.Options
		says string
	}{
		"option":    {pagecache.Options{TTL: 10 * time.Second, StaleWhileRevalidate: 20 * time.Second}, "X: 1"},
		"directive": {pagecache.Options{Proxy: &pagecache.Proxy{Refresh: true}}, "Cache-Control: max-age=10, stale-while-revalidate=20"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, n := ticking(tt.says)
				s := newSite(t, nil, &tt.opts, func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(time.Second)
					h(w, r)
				})
				s.get("/")
				time.Sleep(15 * time.Second)
				start := time.Now()
				for range 10 {
					resp := s.get("/")
					if got := body(t, resp); got != "1" {
						t.Errorf("within the window: got rendering %s, want the stale 1", got)
					}
					wantStatus(t, resp, "stale", "uncache; hit; ttl=-5")
				}
				if d := time.Since(start); d != 0 {
					t.Errorf("visitors were held up for %v", d)
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if got := n.Load(); got != 2 {
					t.Errorf("%d renderings, want 2: one refresh at a time", got)
				}
				if got := body(t, s.get("/")); got != "2" {
					t.Errorf("after the refresh: got %s, want 2", got)
				}
				time.Sleep(31 * time.Second)
				if got := body(t, s.get("/")); got != "3" {
					t.Errorf("beyond the window: got rendering %s, want a new one", got)
				}
			})
		})
	}
}

// RFC 9111 §4.2.4: what forbids stale responses.
func TestStaleIsForbidden(t *testing.T) {
	for _, says := range []string{
		"max-age=10, must-revalidate", "max-age=10, proxy-revalidate", "s-maxage=10",
		"max-age=10, stale-while-revalidate=0, stale-if-error=0",
	} {
		t.Run(says, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &origin{body: "page", etag: `"v1"`, fields: []string{"Cache-Control: " + says}}
				s := newSite(t, nil, &pagecache.Options{StaleWhileRevalidate: time.Hour, StaleIfError: time.Hour}, o.ServeHTTP)
				s.get("/")
				time.Sleep(11 * time.Second)
				o.status = 503
				if resp := s.get("/"); resp.StatusCode != 503 {
					t.Errorf("got %d (%s), want the handler's 503", resp.StatusCode, resp.Header["Cache-Status"])
				}
			})
		})
	}
}

// RFC 5861 §4.
func TestStaleIfError(t *testing.T) {
	for _, status := range []int{500, 502, 503, 504, 404, 0} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fail := false
				s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second, StaleIfError: time.Minute}, func(w http.ResponseWriter, _ *http.Request) {
					if fail && status == 0 {
						_, _ = io.WriteString(w, "half")
						panic(http.ErrAbortHandler) // as a proxy whose connection was dropped
					}
					if fail {
						w.Header().Set("X-Error", "yes")
						w.WriteHeader(status)
					}
					_, _ = io.WriteString(w, "page")
				})
				s.get("/")
				time.Sleep(11 * time.Second)
				fail = true
				resp := s.get("/")
				if status == 404 {
					if resp.StatusCode != 404 {
						t.Errorf("404 is an answer: got %d", resp.StatusCode)
					}
					return
				}
				if got := body(t, resp); resp.StatusCode != 200 || got != "page" || resp.Header.Get("X-Error") != "" {
					t.Errorf("got %d %q %v, want the stale page", resp.StatusCode, got, resp.Header)
				}
				wantStatus(t, resp, "error", "uncache; fwd=stale; fwd-status=")
				if resp.Header.Get("Age") != "11" {
					t.Errorf("Age is %q, want 11", resp.Header.Get("Age"))
				}
				time.Sleep(time.Minute)
				defer func() { _ = recover() }()
				if resp := s.get("/"); status != 0 && resp.StatusCode != status {
					t.Errorf("beyond the window: got %d, want %d", resp.StatusCode, status)
				}
			})
		})
	}
}

// Requests that wait for a validation that fails get the stale page too, and do not ask
// one after another.
func TestStaleIfErrorForWaitingRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		fail := false
		s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second, StaleIfError: time.Minute}, func(w http.ResponseWriter, _ *http.Request) {
			if fail {
				<-goOn
				w.WriteHeader(503)
				return
			}
			_, _ = io.WriteString(w, "page")
		})
		s.get("/")
		s.rendered()
		time.Sleep(11 * time.Second)
		fail = true
		for i, resp := range together(t, s, goOn, "A: 1", "A: 2", "A: 3", "A: 4") {
			if got := body(t, resp); got != "page" {
				t.Errorf("waiter %d: got %d %q", i, resp.StatusCode, got)
			}
		}
		if n := s.rendered(); n != 1 {
			t.Errorf("the failing handler was asked %d times, want 1", n)
		}
	})
}

// What was purged is never served stale, unless the purge was soft.
func TestPurgedIsNotServedStale(t *testing.T) {
	for _, soft := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			h, n := ticking()
			s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second, StaleWhileRevalidate: time.Minute, StaleIfError: time.Minute}, h)
			s.get("/")
			e := cache.Event{Dependencies: []cache.Dependency{cache.Path("/")}, Soft: soft}
			if err := s.pages.Purge(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			want := map[bool]string{false: "2", true: "1"}[soft]
			if got := body(t, s.get("/")); got != want {
				t.Errorf("soft %v: got rendering %s, want %s", soft, got, want)
			}
			synctest.Wait()
			if got := body(t, s.get("/")); got != "2" || n.Load() != 2 {
				t.Errorf("soft %v: afterwards: rendering %s of %d, want 2 of 2", soft, got, n.Load())
			}
		})
	}
}

// A page that is served although it was purged, since it was so softly, says so: its
// ttl is that of any other.
func TestSoftPurgedHitSaysSo(t *testing.T) {
	for _, name := range []string{"in memory", "encoded"} {
		for _, key := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				h, _ := ticking()
				var b cache.Backend
				if name == "encoded" {
					m := memory.New(nil)
					defer m.Close()
					b = far{m}
				}
				s := newSite(t, b, &pagecache.Options{TTL: 10 * time.Second, StaleWhileRevalidate: time.Minute, StatusKey: key}, h)
				s.get("/")
				plain := s.get("/").Header.Get("Cache-Status")
				e := cache.Event{Dependencies: []cache.Dependency{cache.Path("/")}, Soft: true}
				if err := s.pages.Purge(t.Context(), e); err != nil {
					t.Fatal(err)
				}
				if got, want := s.get("/").Header.Get("Cache-Status"), plain+"; detail=soft-purged"; got != want {
					t.Errorf("%s: Cache-Status is %q, want %q", name, got, want)
				}
				synctest.Wait()
				if got := s.get("/").Header.Get("Cache-Status"); got != plain {
					t.Errorf("%s: Cache-Status of its successor is %q, want %q", name, got, plain)
				}
			})
		}
	}
}

// Without a window for stale pages a soft purge is a purge.
func TestSoftPurgeWithoutStale(t *testing.T) {
	h, _ := ticking()
	s := newSite(t, nil, nil, h)
	s.get("/")
	if err := s.pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Path("/")}, Soft: true}); err != nil {
		t.Fatal(err)
	}
	if got := body(t, s.get("/")); got != "2" {
		t.Errorf("got rendering %s, want 2", got)
	}
}

func TestCloseEndsRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, n := ticking()
		s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second, StaleWhileRevalidate: time.Hour}, func(w http.ResponseWriter, r *http.Request) {
			if n.Load() > 0 {
				<-r.Context().Done() // it would take for ever
			}
			h(w, r)
		})
		s.get("/")
		time.Sleep(11 * time.Second)
		s.get("/")
		start := time.Now()
		if err := s.pages.Close(); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("Close took %v, though the handler obeys its context", d)
		}
		before := n.Load()
		s.get("/")
		synctest.Wait()
		if n.Load() != before {
			t.Error("a refresh began after Close")
		}
	})
}

func TestPanicWhileRefreshing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen atomic.Int64
		var n atomic.Int64
		s := newSite(t, nil, &pagecache.Options{
			TTL: 10 * time.Second, StaleWhileRevalidate: time.Hour,
			Observe: func(_ *http.Request, o pagecache.Observation) {
				if strings.Contains(o.Detail, "boom") {
					seen.Add(1)
				}
			},
		}, func(w http.ResponseWriter, _ *http.Request) {
			if n.Add(1) > 1 {
				panic("boom")
			}
			_, _ = io.WriteString(w, "page")
		})
		s.get("/")
		time.Sleep(11 * time.Second)
		s.get("/")
		synctest.Wait()
		if seen.Load() != 1 {
			t.Errorf("the panic was observed %d times, want 1", seen.Load())
		}
		if got := body(t, s.get("/")); got != "page" {
			t.Errorf("afterwards: %q", got)
		}
		synctest.Wait()
	})
}

// RFC 9111 §5.2.1, with Proxy.ClientDirectives.
func TestClientDirectives(t *testing.T) {
	tests := []struct {
		rule, send string
		age        time.Duration
		hit        bool
		status     int
	}{
		{"nothing", "X: 1", 5 * time.Second, true, 200},
		{"§5.2.1.4: no-cache", "Cache-Control: no-cache", 5 * time.Second, false, 200},
		{"§5.2.1.5: no-store", "Cache-Control: no-store", 5 * time.Second, false, 200},
		{"§5.4: Pragma", "Pragma: no-cache", 5 * time.Second, false, 200},
		{"§5.2.1.1: max-age, younger", "Cache-Control: max-age=6", 5 * time.Second, true, 200},
		{"§5.2.1.1: max-age, older", "Cache-Control: max-age=4", 5 * time.Second, false, 200},
		{"§5.2.1.3: min-fresh, enough", "Cache-Control: min-fresh=4", 5 * time.Second, true, 200},
		{"§5.2.1.3: min-fresh, not enough", "Cache-Control: min-fresh=6", 5 * time.Second, false, 200},
		{"§5.2.1.2: max-stale, not too stale", "Cache-Control: max-stale=5", 12 * time.Second, true, 200},
		{"§5.2.1.2: max-stale, too stale", "Cache-Control: max-stale=1", 12 * time.Second, false, 200},
		{"§5.2.1.2: max-stale, any", "Cache-Control: max-stale", 12 * time.Second, true, 200},
		{"§5.2.1.1: max-age beside max-stale, fresh and older", "Cache-Control: max-age=4, max-stale=60", 5 * time.Second, false, 200},
		{"§5.2.1.1: max-age beside max-stale, stale and older", "Cache-Control: max-age=11, max-stale", 12 * time.Second, false, 200},
		{"§5.2.1.2: max-age beside max-stale, stale and younger", "Cache-Control: max-age=20, max-stale=5", 12 * time.Second, true, 200},
		{"§5.2.1.7: only-if-cached, fresh", "Cache-Control: only-if-cached", 5 * time.Second, true, 200},
		{"§5.2.1.7: only-if-cached, stale", "Cache-Control: only-if-cached", 12 * time.Second, false, 504},
		{"§5.2.1.7: only-if-cached, max-stale", "Cache-Control: only-if-cached, max-stale", 12 * time.Second, true, 200},
	}
	for _, listen := range []bool{true, false} {
		for _, tt := range tests {
			t.Run(fmt.Sprint(tt.rule, " ", listen), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := &origin{etag: `"v1"`, body: "page"}
					s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second, Proxy: &pagecache.Proxy{ClientDirectives: listen}}, o.ServeHTTP)
					s.get("/")
					s.rendered()
					time.Sleep(tt.age)
					resp := s.get("/", tt.send)
					hit, status := tt.hit, tt.status
					if !listen {
						hit, status = tt.age < 10*time.Second, 200
					}
					if got := strings.HasPrefix(resp.Header.Get("Cache-Status"), "uncache; hit"); got != hit || resp.StatusCode != status {
						t.Errorf("%s at %v: got %d, %s; want %d, a hit %v", tt.send, tt.age, resp.StatusCode, resp.Header["Cache-Status"], status, hit)
					}
				})
			})
		}
	}
}

// RFC 9111 §5.2.1.2: with Proxy.ClientDirectives a response without a validator is kept
// for max-stale. One that must not be served stale is not.
func TestMaxStaleWithoutAValidator(t *testing.T) {
	for _, tt := range []struct {
		says []string
		wait time.Duration
		hit  bool
	}{
		{[]string{"Cache-Control: max-age=10"}, time.Minute, true},
		{[]string{"Cache-Control: max-age=10"}, time.Hour, false}, // Options.KeepStale
		{[]string{"Cache-Control: max-age=10", "Age: 60"}, 0, true},
		{[]string{"Cache-Control: max-age=10, must-revalidate"}, time.Minute, false},
		{[]string{"Cache-Control: max-age=0"}, 0, false},
	} {
		t.Run(strings.Join(tt.says, ", "), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, _ := ticking(tt.says...)
				s := newSite(t, nil, &pagecache.Options{Proxy: &pagecache.Proxy{ClientDirectives: true}}, h)
				s.get("/")
				time.Sleep(tt.wait)
				resp := s.get("/", "Cache-Control: max-stale")
				if got := s.rendered() == 1; got != tt.hit {
					t.Errorf("after %v: hit %v, want %v: %s", tt.wait, got, tt.hit, resp.Header.Get("Cache-Status"))
				}
			})
		})
	}
}

// What Surrogate-Control says, beside a Cache-Control that says the contrary.
func TestSurrogateControl(t *testing.T) {
	const store, not = "max-age=60", "private, no-store"
	tests := []struct {
		field, beside string
		stored        bool
	}{
		{"max-age=60", not, true},
		{"MAX-AGE=60", not, true},
		{`max-age="60"`, not, true},
		{`max-age=60, content="ESI/1.0"`, not, true},
		{`content="a, no-store", max-age=60`, not, true},
		{"max-age=60+600", not, true},
		{"max-age=60;uncache", not, true},
		{"max-age=60, max-age=0;elsewhere", not, true},
		{"no-store-remote, max-age=60", not, true},
		{`content="ESI/1.0"`, not, false},
		{`content="ESI/1.0"`, store, true},
		{"max-age=60;elsewhere", not, false},
		{"must-revalidate", not, false},
		{"", not, false},
		{"", store, true},
		{"no-store", store, false},
		{`no-store, content="ESI/1.0"`, store, false},
		{"No-Store", store, false},
		{"private", store, false},
		{"no-cache", store, false},
		{"max-age=0", store, false},
		{"max-age=0+60", store, false},
		{"max-age=x", store, false},
		{"max-age=+60", store, false},
		{"max-age=60, max-age=0", store, false},
		{`content="ESI/1.0`, store, false},
	}
	for _, tt := range tests {
		t.Run(tt.field+" beside "+tt.beside, func(t *testing.T) {
			h, _ := ticking("Surrogate-Control: "+tt.field, "Cache-Control: "+tt.beside)
			s := newSite(t, nil, &pagecache.Options{Targeted: []string{"Surrogate-Control"}}, h)
			s.get("/")
			s.get("/")
			if hit := s.rendered() == 1; hit != tt.stored {
				t.Errorf("Surrogate-Control: %s, Cache-Control: %s: stored %v, want %v", tt.field, tt.beside, hit, tt.stored)
			}
		})
	}
}

// RFC 9213.
func TestTargetedFields(t *testing.T) {
	tests := []struct {
		rule   string
		fields []string
		stored bool
	}{
		{"none", []string{"Cache-Control: max-age=60"}, true},
		{"§2.2: goes before Cache-Control", []string{"Cache-Control: no-store", "Cdn-Cache-Control: max-age=60"}, true},
		{"§2.2: forbids what Cache-Control allows", []string{"Cache-Control: max-age=60", "Cdn-Cache-Control: no-store"}, false},
		{"§2.2: goes before Expires", []string{"Expires: 0", "Cdn-Cache-Control: max-age=60"}, true},
		{"§2.2: in the order of the list", []string{"My-Control: max-age=60", "Cdn-Cache-Control: no-store"}, true},
		{"§2.1: one that is invalid is ignored", []string{"Cache-Control: max-age=60", "Cdn-Cache-Control: no-store,"}, true},
		{"§2.1: upper case is invalid", []string{"Cache-Control: max-age=60", "Cdn-Cache-Control: No-Store"}, true},
		{"§2.1: one that is empty is ignored", []string{"Cache-Control: max-age=60", "Cdn-Cache-Control: "}, true},
		{"§2.1: an invalid one falls back to the next", []string{"My-Control: &", "Cdn-Cache-Control: max-age=60", "Cache-Control: no-store"}, true},
		{"§2.1: a string is no number", []string{`Cdn-Cache-Control: max-age="60"`}, false},
		{"parameters are ignored", []string{"Cdn-Cache-Control: max-age=60;no-store"}, true},
		{"unknown directives are ignored", []string{"Cdn-Cache-Control: frob=?0, max-age=60"}, true},
		{"a directive that is false", []string{"Cdn-Cache-Control: max-age=60, no-store=?0"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			h, _ := ticking(tt.fields...)
			s := newSite(t, nil, &pagecache.Options{Targeted: []string{"My-Control", "cdn-cache-control"}}, h)
			s.get("/")
			s.get("/")
			if hit := s.rendered() == 1; hit != tt.stored {
				t.Errorf("%q: stored %v, want %v", tt.fields, hit, tt.stored)
			}
		})
	}
}

// RFC 9111 §4.2.2.
func TestHeuristic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := ticking("Last-Modified: " + time.Now().Add(-100*time.Second).UTC().Format(http.TimeFormat))
		s := newSite(t, nil, &pagecache.Options{Proxy: &pagecache.Proxy{Heuristic: true}}, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("If-Modified-Since") == "" {
				h(w, r)
			} else {
				w.WriteHeader(304)
			}
		})
		s.get("/")
		time.Sleep(9 * time.Second)
		wantStatus(t, s.get("/"), "after 9s of 10", "uncache; hit; ttl=1")
		time.Sleep(2 * time.Second)
		wantStatus(t, s.get("/"), "after 11s", "uncache; fwd=stale; fwd-status=304")
	})
}

// RFC 9111 §4.2.3: what comes through a proxy was born before it came.
func TestAge(t *testing.T) {
	tests := []struct {
		rule   string
		fields []string
		want   string // Age of a hit that comes 5 s after a fill that took 2 s
	}{
		{"the handler's own", nil, "5"},
		{"§5.1: an Age", []string{"Age: 10"}, "17"},
		{"§5.1: the first of a list", []string{"Age: 10, 20"}, "17"},
		{"§5.1: no number", []string{"Age: ten"}, "7"},
		{"§5.1: negative", []string{"Age: -1"}, "7"},
		{"an old Date", []string{"Date: @-20"}, "27"},
		{"a Date in the future", []string{"Date: @+20"}, "7"},
		{"the larger of both", []string{"Date: @-20", "Age: 3"}, "27"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, nil, &pagecache.Options{TTL: time.Hour}, func(w http.ResponseWriter, _ *http.Request) {
					for _, f := range tt.fields {
						name, value, _ := strings.Cut(f, ": ")
						if d, ok := strings.CutPrefix(value, "@"); ok {
							off, _ := time.ParseDuration(d + "s")
							value = time.Now().Add(off).UTC().Format(http.TimeFormat)
						}
						w.Header().Set(name, value)
					}
					time.Sleep(2 * time.Second)
				})
				s.get("/")
				time.Sleep(5 * time.Second)
				if got := s.get("/").Header.Get("Age"); got != tt.want {
					t.Errorf("%q: Age is %s, want %s", tt.fields, got, tt.want)
				}
			})
		})
	}
}

func TestFieldsThatMustNotBeStored(t *testing.T) {
	h, _ := ticking(`Cache-Control: max-age=60, no-cache="x-secret, X-Other"`, "X-Secret: 1", "X-Other: 1", "X-Public: 1")
	s := newSite(t, nil, nil, h)
	first, second := s.get("/"), s.get("/")
	wantStatus(t, second, "second", "uncache; hit")
	if second.Header.Get("X-Secret") != "" || second.Header.Get("X-Other") != "" || second.Header.Get("X-Public") == "" {
		t.Errorf("RFC 9111 §5.2.2.4: a hit has %v", second.Header)
	}
	if first.Header.Get("X-Secret") == "" {
		t.Error("the fill's own visitor did not get X-Secret")
	}
}

func TestStatusKey(t *testing.T) {
	h, _ := ticking()
	s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, StatusKey: true}, h)
	for _, when := range []string{"fill", "hit"} {
		got := s.get("http://a.example/x").Header.Get("Cache-Status")
		if !strings.Contains(got, `; key="page:a.example/x:`) {
			t.Errorf("%s: Cache-Status %q has no key", when, got)
		}
	}
	// A visitor whose response nobody waits for, and a variant's key.
	got := s.get("http://a.example/x", "Authorization: Basic eA==").Header.Get("Cache-Status")
	if !strings.Contains(got, `; key="page:a.example/x:`) {
		t.Errorf("with Authorization: Cache-Status %q has no key", got)
	}
	h, _ = ticking("Vary: Accept")
	s = newSite(t, nil, &pagecache.Options{TTL: time.Minute, StatusKey: true}, h)
	keyOf := func() string {
		_, key, _ := strings.Cut(s.get("http://a.example/x", "Accept: text/html").Header.Get("Cache-Status"), "key=")
		return key
	}
	if fill, hit := keyOf(), keyOf(); fill == "" || fill != hit {
		t.Errorf("a variant is stored under %s, and found under %s", fill, hit)
	}
}

func TestStoreSetCookie(t *testing.T) {
	h, _ := ticking("Set-Cookie: theme=dark")
	s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Proxy: &pagecache.Proxy{StoreSetCookie: true}}, h)
	s.get("/")
	if got := s.get("/").Header.Get("Set-Cookie"); got != "theme=dark" || s.rendered() != 1 {
		t.Errorf("a hit sets %q", got)
	}
}

// What was never fresh is not served in place of an error: nobody has said that
// it is for everybody.
func TestNoLifetimeIsNoStaleness(t *testing.T) {
	for _, etag := range []string{"", `"v1"`} {
		o := &origin{body: "mine", etag: etag}
		s := newSite(t, nil, &pagecache.Options{Proxy: &pagecache.Proxy{Heuristic: true}, StaleIfError: time.Hour, StaleWhileRevalidate: time.Hour}, o.ServeHTTP)
		s.get("/")
		o.status = 503
		if resp := s.get("/"); resp.StatusCode != 503 {
			t.Errorf("ETag %q: another visitor got %d %q", etag, resp.StatusCode, body(t, resp))
		}
	}
}

// RFC 9211 §2: the cache nearest to the origin comes first, on what is passed
// too.
func TestCacheStatusOfWhatIsPassed(t *testing.T) {
	h, _ := ticking("Cache-Status: origin; hit")
	s := newSite(t, nil, nil, h)
	for _, method := range []string{"POST", "HEAD", "OPTIONS"} {
		if got := strings.Join(s.do(method, "/").Header["Cache-Status"], ", "); !strings.HasPrefix(got, "origin; hit, uncache; fwd=") {
			t.Errorf("%s: Cache-Status is %q", method, got)
		}
	}
}

// RFC 9211 §2.5: a part that was stored is "stored", as a whole response is; one that
// was flushed was seen before anybody knew.
func TestCacheStatusOfAPart(t *testing.T) {
	const size = 10
	for _, tt := range []struct {
		rule, want string
		part       int // bytes of it
		h          func(w http.ResponseWriter)
	}{
		{"a part", "uncache; fwd=miss; stored; detail=partial", size, nil},
		{"larger than is stored", "uncache; fwd=miss; detail=too-large", 2 * size, nil},
		{"broken off", "uncache; fwd=miss; detail=incomplete", size, func(w http.ResponseWriter) { w.Header().Set("Content-Length", "11") }},
		{"not to be stored", "uncache; fwd=miss; detail=no-store", size, func(w http.ResponseWriter) { w.Header().Set("Cache-Control", "no-store") }},
		{"flushed", "uncache; fwd=miss; detail=partial", size, func(w http.ResponseWriter) { w.(http.Flusher).Flush() }},
	} {
		s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Proxy: &pagecache.Proxy{Transparent: true}, MaxBody: size}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/100", tt.part-1))
			if tt.h != nil && tt.rule != "flushed" {
				tt.h(w)
			}
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, strings.Repeat("x", tt.part))
			if tt.rule == "flushed" {
				tt.h(w)
			}
		})
		resp := s.get("/", "Range: bytes=0-99")
		if got := resp.Header.Get("Cache-Status"); got != tt.want || len(body(t, resp)) != tt.part {
			t.Errorf("%s: Cache-Status is %q, want %q", tt.rule, got, tt.want)
		}
	}
}

// A part that completes a stored one is stored together with it, and given alone.
// With a compressor around the cache neither answers, unless its handler gave a
// strong tag.
func TestPartsThatAreStored(t *testing.T) {
	for _, tt := range []struct {
		ignore []string
		etag   string
		want   string
	}{
		{nil, `"v1"`, "uncache; hit"},
		{nil, "", "uncache; hit"},
		{[]string{"Accept-Encoding"}, `"v1"`, "uncache; hit"},
		{[]string{"Accept-Encoding"}, "", "uncache; fwd=miss"},
	} {
		s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Proxy: &pagecache.Proxy{Transparent: true}, IgnoreVary: tt.ignore}, func(w http.ResponseWriter, r *http.Request) {
			part := "01234"
			w.Header().Set("Content-Range", "bytes 0-4/20")
			if r.Header.Get("Range") == "bytes=5-9" {
				w.Header().Set("Content-Range", "bytes 5-9/20")
				part = "56789"
			}
			if tt.etag != "" {
				w.Header().Set("ETag", tt.etag)
			}
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, part)
		})
		for _, part := range []struct{ asked, want string }{{"bytes=0-4", "01234"}, {"bytes=5-9", "56789"}} {
			resp := s.get("/", "Range: "+part.asked)
			if got := body(t, resp); got != part.want {
				t.Errorf("%v: got %q of %s, want %q", tt, got, part.asked, part.want)
			}
			wantStatus(t, resp, part.asked, "uncache; fwd=miss; stored; detail=partial")
		}
		wantStatus(t, s.get("/", "Range: bytes=5-9"), fmt.Sprint(tt), tt.want)
	}
}

// Half of a part that its handler gave up is sent before the connection is closed.
func TestPartThatBreaksOffIsSent(t *testing.T) {
	s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Proxy: &pagecache.Proxy{Transparent: true}}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", "bytes 0-9/100")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	})
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("panicked with %v", p)
			}
		}()
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Range", "bytes=0-9")
		s.ServeHTTP(w, r)
	}()
	if w.Code != http.StatusPartialContent || w.Body.String() != "half" {
		t.Errorf("got %d %q", w.Code, w.Body)
	}
}

func TestTransparent(t *testing.T) {
	h, _ := ticking()
	s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Proxy: &pagecache.Proxy{Transparent: true}}, h)
	for _, when := range []string{"fill", "hit"} {
		resp := s.get("/")
		if resp.Header.Get("ETag") != "" || resp.Header.Get("Cache-Control") != "" {
			t.Errorf("%s: added to the handler's response: %v", when, resp.Header)
		}
	}
	if n := s.rendered(); n != 1 {
		t.Errorf("%d renderings, want 1", n)
	}
}
