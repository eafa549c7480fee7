//go:build !race

// The race detector allocates, too: make test runs this file without it.

package pagecache_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

type discard http.Header

func (d discard) Header() http.Header       { return http.Header(d) }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// A stale hit costs what a fresh one costs, while a refresh is under way.
func TestAllocationsOfAStaleHit(t *testing.T) {
	goOn, under := make(chan struct{}), make(chan struct{})
	first := true
	s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, StaleWhileRevalidate: time.Hour}, func(http.ResponseWriter, *http.Request) {
		if !first {
			close(under)
			<-goOn
		}
		first = false
	})
	defer close(goOn)
	s.get("/")
	if err := s.pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Path("/")}, Soft: true}); err != nil {
		t.Fatal(err)
	}
	s.get("/")
	<-under
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	w := discard{}
	got := testing.AllocsPerRun(1000, func() {
		clear(w)
		s.ServeHTTP(w, r)
	})
	if st := http.Header(w).Get("Cache-Status"); !strings.Contains(st, "hit") {
		t.Fatalf("Cache-Status is %q, want a hit", st)
	}
	if got > 2 {
		t.Errorf("a stale hit allocates %v times, want 2 at most", got)
	}
	t.Logf("a stale hit allocates %v times", got)
}

// A hit allocates nothing where cookies are cut, nor where a visitor is given what
// is public. Where the cookies that count stand apart they are put together.
func TestAllocationsOfAHitWithCookies(t *testing.T) {
	s := newSite(t, nil, counting(t, "theme", "lang"), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Vary", "Cookie")
		w.Header().Set("Cache-Control", "public")
	})
	plain := newSite(t, nil, nil, func(http.ResponseWriter, *http.Request) {})
	plain.get("/")
	for cookie, site := range map[string]*site{
		"":                               plain,
		"_ga=1; other=2":                 s,
		"_ga=1; theme=dark":              s,
		"_ga=1; lang=de; theme=dark":     s,
		"theme=dark; _ga=1; lang=de":     s,
		"_ga=1; session=1; theme=dark":   s,
		"session=alice; _ga=1; theme=da": s,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		for range 3 {
			site.ServeHTTP(discard{}, r)
		}
		w := discard{}
		got := testing.AllocsPerRun(1000, func() {
			clear(w)
			site.ServeHTTP(w, r)
		})
		if st := http.Header(w).Get("Cache-Status"); !strings.Contains(st, "hit") {
			t.Errorf("Cookie %q: Cache-Status is %q, want a hit", cookie, st)
		}
		apart := strings.HasPrefix(cookie, "theme") || strings.HasPrefix(cookie, "session")
		if got > 1 || got > 0 && !apart {
			t.Errorf("Cookie %q: a hit allocates %v times", cookie, got)
		}
	}
}

// Counting a hit allocates nothing, nor does an Observe that logs no hits.
func TestAllocationsOfAnObservedHit(t *testing.T) {
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Observe: pagecache.SlogObserver(logger)}, func(http.ResponseWriter, *http.Request) {})
	s.get("/")
	r, w := httptest.NewRequest(http.MethodGet, "/", nil), discard{}
	got := testing.AllocsPerRun(1000, func() {
		clear(w)
		s.ServeHTTP(w, r)
	})
	if st := http.Header(w).Get("Cache-Status"); !strings.Contains(st, "hit") || got > 0 {
		t.Errorf("Cache-Status is %q; it allocates %v times, want a hit and none", st, got)
	}
	if got := s.pages.Stats().Requests[0]; got.Outcome != "hit" || got.Count < 1000 {
		t.Errorf("%+v, want 1,000 hits at least", got)
	}
}
