package pagecache_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

// After a purge of any kind the next visitor finds the page, and the purge has
// not waited for that.
func TestWarm(t *testing.T) {
	for name, dep := range map[string]cache.Dependency{
		"path":   cache.Path("/blog/hello/"),
		"URI":    cache.URI("/blog/hello/?page=2"),
		"prefix": cache.Prefix("/blog/"),
		"route":  cache.Route("GET /blog/{slug}/{$}"),
		"group":  cache.Group("author:ada"),
		"all":    cache.All,
	} {
		for _, soft := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", soft ", soft), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var version atomic.Int64
					mux := http.NewServeMux()
					mux.HandleFunc("GET /blog/{slug}/{$}", func(w http.ResponseWriter, r *http.Request) {
						time.Sleep(time.Second)
						pagecache.AddGroups(r.Context(), "author:ada")
						_, _ = fmt.Fprintf(w, "%d %v %s", version.Load(), pagecache.Warming(r.Context()), r.Header.Get("X-Visitor"))
					})
					mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "other") })
					s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Warm: 2}, mux.ServeHTTP)
					defer s.pages.Close()
					if got, want := body(t, s.get("/blog/hello/?page=2", "X-Visitor: ada")), "0 false ada"; got != want {
						t.Fatalf("first visit: got %q, want %q", got, want)
					}
					s.get("/about/")
					s.rendered()
					version.Store(1)
					began := time.Now()
					e := cache.Event{Dependencies: []cache.Dependency{dep}, Soft: soft}
					if err := s.pages.Purge(t.Context(), e); err != nil {
						t.Fatal(err)
					}
					if d := time.Since(began); d != 0 {
						t.Errorf("the purge took %v: it waits for the warm-up", d)
					}
					time.Sleep(2 * time.Second)
					want := map[bool]int{true: 2, false: 1}[dep == cache.All]
					if got := s.rendered(); got != want {
						t.Errorf("after the purge of %s: %d renderings, want %d", dep, got, want)
					}
					resp := s.get("/blog/hello/?page=2")
					if got, want := body(t, resp), "1 true "; got != want {
						t.Errorf("next visit: got %q, want %q: the new page, of no visitor's request", got, want)
					}
					wantStatus(t, resp, "next visit", "uncache; hit")
				})
			})
		}
	}
}

// However often a page is purged while it is rendered, it is rendered once more,
// and never by two at a time; the last rendering is of the last purge.
func TestWarmOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var version, running atomic.Int64
		s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Warm: 4}, func(w http.ResponseWriter, _ *http.Request) {
			if n := running.Add(1); n > 1 {
				t.Errorf("%d renderings of one page at a time", n)
			}
			defer running.Add(-1)
			v := version.Load()
			time.Sleep(time.Second)
			_, _ = fmt.Fprint(w, v)
		})
		defer s.pages.Close()
		s.get("/")
		s.rendered()
		for range 10 {
			version.Add(1)
			s.purge(cache.Path("/"))
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(5 * time.Second)
		if got := s.rendered(); got != 2 {
			t.Errorf("%d renderings for 10 purges within one, want 2", got)
		}
		if got := body(t, s.get("/")); got != "10" {
			t.Errorf("got version %s, want 10", got)
		}
		if got := s.rendered(); got != 0 {
			t.Errorf("the visitor had to wait for a rendering")
		}
	})
}

// A page that waits to be warmed waits once; one whose key has the visitor's Cookie
// is not warmed, nor one whose fields are too long to be remembered.
func TestWarmQueuesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := keys.New("page", &keys.Options{Headers: []string{"Accept-Language", "Cookie"}})
		if err != nil {
			t.Fatal(err)
		}
		s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Warm: 1, Keys: b}, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			_, _ = io.WriteString(w, r.Header.Get("Accept-Language"))
		})
		defer s.pages.Close()
		s.get("/a")
		s.get("/b")
		s.get("/c", "Cookie: a=b")
		s.get("/d", "Accept-Language: "+strings.Repeat("de,", 200))
		s.rendered()
		s.purge(cache.Path("/a"))
		synctest.Wait()
		for range 5 {
			s.purge(cache.Path("/b"), cache.Path("/c"), cache.Path("/d"))
		}
		time.Sleep(10 * time.Second)
		if got := s.rendered(); got != 2 {
			t.Errorf("%d renderings, want 2: of /a and of /b", got)
		}
	})
}

// As many are rendered at a time as Warm says; what finds no place in the queue
// is told.
func TestWarmIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most, dropped atomic.Int64
		opts := &pagecache.Options{TTL: time.Hour, Warm: 3, Observe: func(r *http.Request, o pagecache.Observation) {
			if o.Detail == "warm-up dropped" && pagecache.Warming(r.Context()) && strings.HasPrefix(r.URL.Path, "/p") {
				dropped.Add(1)
			}
		}}
		s := newSite(t, nil, opts, func(w http.ResponseWriter, r *http.Request) {
			n := running.Add(1)
			defer running.Add(-1)
			if pagecache.Warming(r.Context()) {
				most.Store(max(most.Load(), n))
				time.Sleep(time.Second)
			}
			_, _ = io.WriteString(w, "page")
		})
		defer s.pages.Close()
		const pages, queue = 400, 256
		for i := range pages {
			s.get(fmt.Sprint("/p", i))
		}
		s.rendered()
		s.purge(cache.All)
		time.Sleep(time.Hour / 2)
		if got := most.Load(); got != 3 {
			t.Errorf("%d renderings at a time, want 3", got)
		}
		if got := s.rendered(); got != queue {
			t.Errorf("%d pages were warmed, want %d", got, queue)
		}
		if got := dropped.Load(); got != pages-queue {
			t.Errorf("Observe was told of %d dropped pages, want %d", got, pages-queue)
		}
		wantStatus(t, s.get(fmt.Sprint("/p", pages-1)), "the last page that was stored", "uncache; hit")
		wantStatus(t, s.get("/p0"), "the first page that was stored", "uncache; fwd=miss")
	})
}

// Close ends the context of what is being warmed, waits for it, and nothing is
// warmed afterwards. A handler that panics harms nobody.
func TestWarmCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended, panics := false, false
		var told atomic.Int64
		opts := &pagecache.Options{TTL: time.Hour, Warm: 1, Observe: func(_ *http.Request, o pagecache.Observation) {
			if strings.HasPrefix(o.Detail, "warm-up panicked: oh") {
				told.Add(1)
			}
		}}
		s := newSite(t, nil, opts, func(w http.ResponseWriter, r *http.Request) {
			if pagecache.Warming(r.Context()) {
				if panics {
					panic("oh")
				}
				<-r.Context().Done()
				time.Sleep(time.Second)
				ended = true
			}
			_, _ = io.WriteString(w, "page")
		})
		s.get("/")
		s.get("/other")
		panics = true
		s.purge(cache.Path("/other"))
		synctest.Wait()
		if told.Load() != 1 {
			t.Errorf("Observe was told of %d panics, want 1", told.Load())
		}
		panics = false
		s.get("/other")
		s.rendered()
		s.purge(cache.Path("/"), cache.Path("/other")) // one waits for the other
		synctest.Wait()
		if err := s.pages.Close(); err != nil || !ended {
			t.Errorf("Close: got %v, with the handler done: %v; want nil, true", err, ended)
		}
		if got := s.rendered(); got != 1 {
			t.Errorf("%d renderings, want the one that was under way at Close", got)
		}
		s.get("/")
		s.rendered()
		s.purge(cache.Path("/"))
		synctest.Wait()
		if got := s.rendered(); got != 0 {
			t.Errorf("%d renderings after Close, want none", got)
		}
	})
}

// A handler that purges what it renders, because it saves something at each
// visit, is not run again and again.
func TestWarmDoesNotWarmItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s *site
		s = newSite(t, nil, &pagecache.Options{TTL: time.Hour, Warm: 2}, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(10 * time.Millisecond)
			_, _ = io.WriteString(w, "page")
			if pagecache.Warming(r.Context()) { // visitors are counted elsewhere
				if err := s.pages.Purge(r.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Prefix("/")}}); err != nil {
					t.Error(err)
				}
			}
		})
		s.get("/a")
		s.get("/b")
		s.rendered()
		s.purge(cache.Prefix("/"))
		time.Sleep(10 * time.Second)
		_ = s.pages.Close()
		if got := s.rendered(); got != 2 {
			t.Errorf("%d renderings of two pages that were purged once, want 2", got)
		}
	})
}

// A handler that ends its goroutine, as testing.T.FailNow does, ends that and
// nothing else: net/http would let it.
func TestWarmSurvivesGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exits := true
		s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Warm: 1}, func(w http.ResponseWriter, r *http.Request) {
			if exits && pagecache.Warming(r.Context()) {
				runtime.Goexit()
			}
			_, _ = io.WriteString(w, "page")
		})
		defer s.pages.Close()
		s.get("/")
		s.purge(cache.Path("/"))
		synctest.Wait()
		exits = false
		s.get("/")
		s.rendered()
		s.purge(cache.Path("/"))
		synctest.Wait()
		if got := s.rendered(); got != 1 {
			t.Errorf("%d renderings after the next purge, want 1", got)
		}
		wantStatus(t, s.get("/"), "next visit", "uncache; hit")
	})
}

// The request has nothing of the visitor's: a page that varies is made for those
// who say nothing.
func TestWarmingHasNoVisitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var asked []string
		s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Warm: 1}, func(w http.ResponseWriter, r *http.Request) {
			if pagecache.Warming(r.Context()) {
				mu.Lock()
				asked = append(asked, fmt.Sprintf("%s %s %s %s %v %d %s", r.Method, r.Host, r.URL, r.RequestURI, r.TLS != nil, len(r.Header), r.RemoteAddr))
				mu.Unlock()
			}
			if v, _ := r.Context().Value(visitorKey{}).(string); v != "" && pagecache.Warming(r.Context()) {
				t.Errorf("the context of a warm-up has the visitor's %q", v)
			}
			w.Header().Set("Vary", "Accept-Language")
			_, _ = io.WriteString(w, "page "+r.Header.Get("Accept-Language"))
		})
		defer s.pages.Close()
		r, _ := http.NewRequestWithContext(context.WithValue(t.Context(), visitorKey{}, "ada"), "GET", "http://example.com/a?b=1", nil)
		r.RequestURI, r.RemoteAddr = "/a?b=1", "192.0.2.1:1"
		r.Header.Set("Accept-Language", "de")
		r.Header.Set("Cookie", "session=ada")
		s.ServeHTTP(discardWriter{http.Header{}}, r)
		s.purge(cache.Path("/a"))
		time.Sleep(time.Second)
		mu.Lock()
		if want := []string{"GET example.com http://example.com/a?b=1 /a?b=1 false 0 "}; fmt.Sprint(asked) != fmt.Sprint(want) {
			t.Errorf("the handler was asked %q, want %q", asked, want)
		}
		mu.Unlock()
		if got := body(t, s.get("http://example.com/a?b=1")); got != "page " {
			t.Errorf("got %q, want the page of those who say nothing", got)
		}
	})
}

// Of several nodes the one that purges warms, and its page is everybody's. A
// visitor who comes to another one meanwhile waits for it, where there are
// leases.
func TestWarmAmongNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 8, pagecache.Options{TTL: time.Hour, Warm: 2}, time.Second)
		// A node knows what it has stored itself.
		f.nodes[0].ServeHTTP(discardWriter{http.Header{}}, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
		for range 3 {
			f.visit(t.Context(), time.Second, 100*time.Millisecond)
			f.fills.Store(0)
			if err := f.pages[0].Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Prefix("/")}}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(rendering / 2)
			f.visit(t.Context(), time.Second, 100*time.Millisecond)
			if got := f.fills.Load(); got != 1 {
				t.Errorf("%d fills by 8 nodes after a purge, want 1", got)
			}
			f.fills.Store(0)
			if err := f.pages[0].Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Path("/")}}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * rendering)
			f.waited.Store(0)
			f.visit(t.Context(), time.Second, 100*time.Millisecond)
			if fills, waited := f.fills.Load(), f.waited.Load(); fills != 1 || waited != 0 {
				t.Errorf("%d fills, and %d visitors who waited after the warm-up; want 1 and 0", fills, waited)
			}
		}
	})
}

type visitorKey struct{}

type discardWriter struct{ header http.Header }

func (d discardWriter) Header() http.Header       { return d.header }
func (discardWriter) Write(b []byte) (int, error) { return len(b), nil }
func (discardWriter) WriteHeader(int)             {}
