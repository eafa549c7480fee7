package pagecache_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

// told collects what Observe is told of pages that are not rendered in the
// background.
type told struct {
	mu      sync.Mutex
	details []string
}

func (l *told) observe(_ *http.Request, o pagecache.Observation) {
	if why, ok := strings.CutPrefix(o.Detail, "not rendered in the background: "); ok {
		l.mu.Lock()
		l.details = append(l.details, why)
		l.mu.Unlock()
	}
}

func (l *told) list() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.details)
}

// A background is one of the options that render pages without a visitor.
type background struct {
	name  string
	opts  pagecache.Options
	cause func(s *site) // makes the time come for a rendering
}

const (
	fresh  = 20 * time.Minute // until a page is stale
	making = 8 * time.Second  // what making it takes: a visitor waits for that
)

var backgrounds = []background{
	{"warm", pagecache.Options{TTL: fresh, Warm: 2}, func(s *site) { s.purge(cache.All) }},
	{"stale", pagecache.Options{TTL: fresh, StaleWhileRevalidate: time.Hour}, func(*site) { time.Sleep(fresh + 1) }},
	{"purged softly", pagecache.Options{TTL: fresh, StaleWhileRevalidate: time.Hour}, func(s *site) {
		_ = s.pages.Purge(s.t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.All}, Soft: true})
	}},
	{"early", pagecache.Options{TTL: fresh, EarlyRefresh: 1000}, func(*site) { time.Sleep(fresh - time.Millisecond) }},
}

// newInner returns a site whose cache stands inside of what wrap makes.
func newInner(t *testing.T, opts pagecache.Options, h http.HandlerFunc, wrap func(cached func(http.Handler) http.Handler, h http.Handler) http.Handler) *site {
	t.Helper()
	s := newSite(t, nil, &opts, h)
	s.Handler = wrap(s.pages.Handler, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.renders.Add(1)
		h(w, r)
	}))
	return s
}

type paramsKey struct{}

// chi is a router that keeps what its wildcards stand for in the context, and its
// pattern in the request.
func chi(pattern string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(context.WithValue(r.Context(), paramsKey{}, r.URL.Path))
		r.Pattern = pattern
		h.ServeHTTP(w, r)
	})
}

func slug(r *http.Request) string {
	if v, ok := r.Context().Value(paramsKey{}).(string); ok {
		return v
	}
	return r.PathValue("slug")
}

// A page whose handler may look for what a router around the cache has found in
// the path is not rendered in the background, where that is lost. It expires as it
// would without these options. Others are.
func TestBackgroundBehindARouter(t *testing.T) {
	handle := func(pattern string) func(func(http.Handler) http.Handler, http.Handler) http.Handler {
		return func(cached func(http.Handler) http.Handler, h http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle(pattern, cached(h))
			return mux
		}
	}
	use := func(pattern string) func(func(http.Handler) http.Handler, http.Handler) http.Handler {
		return func(cached func(http.Handler) http.Handler, h http.Handler) http.Handler {
			return chi(pattern, cached(h))
		}
	}
	for _, tc := range []struct {
		name, path string
		wrap       func(cached func(http.Handler) http.Handler, h http.Handler) http.Handler
		want       string // what Observe is told; "" if the page is rendered in the background
	}{
		{"a route of ServeMux", "/blog/a", handle("GET /blog/{slug}"), "routed by GET /blog/{slug}"},
		{"a rest of ServeMux", "/blog/a", handle("/{slug...}"), "routed by /{slug...}"},
		{"a route of chi", "/blog/a", use("/blog/{slug}"), "routed by /blog/{slug}"},
		{"a subtree of chi", "/blog/a", use("/blog/*"), "routed by /blog/*"},
		{"the last of several patterns of chi", "/ada/about", use("/about"), "routed by /about"},
		{"the root of a subtree of chi", "/ada/", use("/"), "routed by /"},
		{"no wildcard", "/about", handle("/about"), ""},
		{"no wildcard, with a method", "/about", handle("GET /about"), ""},
		{"the front page", "/", handle("GET /{$}"), ""},
		{"a subtree, with a method", "/blog/a", handle("GET /blog/"), ""},
		{"around the whole router", "/blog/a", func(cached func(http.Handler) http.Handler, h http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("GET /blog/{slug}", h)
			return cached(mux)
		}, ""},
		{"around a router within a router", "/blog/a", func(cached func(http.Handler) http.Handler, h http.Handler) http.Handler {
			mux, outer := http.NewServeMux(), http.NewServeMux()
			mux.Handle("GET /blog/{slug}", h)
			outer.Handle("/", cached(mux))
			return outer
		}, ""},
	} {
		for _, b := range backgrounds {
			t.Run(tc.name+", "+b.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var l told
					b.opts.Observe = l.observe
					s := newInner(t, b.opts, func(w http.ResponseWriter, r *http.Request) {
						time.Sleep(making)
						_, _ = fmt.Fprintf(w, "post %q of %q", slug(r), r.Pattern)
					}, tc.wrap)
					defer s.pages.Close()
					first := body(t, s.get(tc.path))
					for range 3 {
						b.cause(s)
						if got := body(t, s.get(tc.path)); got != first {
							t.Errorf("got %s, want %s as at first", got, first)
						}
						time.Sleep(2 * making)
						if got := body(t, s.get(tc.path)); got != first {
							t.Errorf("got %s, want %s as at first", got, first)
						}
					}
					if tc.want == "" {
						if got := l.list(); len(got) > 0 {
							t.Errorf("Observe was told %q: the page can be rendered in the background", got)
						}
						return
					}
					if got := l.list(); !slices.Equal(got, []string{tc.want}) {
						t.Errorf("Observe was told %q, want %q once", got, tc.want)
					}
				})
			})
		}
	}
}

// Where it must not be rendered in the background, a page that is stale is not
// served: who asks waits for the next one.
func TestNoStaleBehindARouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := pagecache.Options{TTL: fresh, StaleWhileRevalidate: time.Hour, Proxy: &pagecache.Proxy{Refresh: true}}
		s := newInner(t, opts, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, slug(r)) },
			func(cached func(http.Handler) http.Handler, h http.Handler) http.Handler {
				return chi("/blog/{slug}", cached(h))
			})
		defer s.pages.Close()
		s.get("/blog/a")
		wantStatus(t, s.get("/blog/a"), "fresh", "uncache; hit")
		time.Sleep(fresh + 1)
		wantStatus(t, s.get("/blog/a"), "stale", "uncache; fwd=stale; stored")
		wantStatus(t, s.get("/blog/a"), "fresh again", "uncache; hit")
	})
}

// However many patterns there are, Observe is told of some.
func TestBackgroundTellsSome(t *testing.T) {
	var l told
	opts := pagecache.Options{TTL: fresh, Warm: 1, Observe: l.observe}
	s := newInner(t, opts, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") },
		func(cached func(http.Handler) http.Handler, h http.Handler) http.Handler {
			inner := cached(h)
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				chi(r.URL.Path+"/{slug}", inner).ServeHTTP(w, r)
			})
		})
	defer s.pages.Close()
	for range 2 {
		for i := range 100 {
			s.get(fmt.Sprint("/", i))
		}
	}
	if got := len(l.list()); got != 64 {
		t.Errorf("Observe was told of %d patterns, want 64", got)
	}
}

// A page that was refreshed, or warmed, is still found by the route of a router
// around the cache.
func TestBackgroundKeepsThePattern(t *testing.T) {
	const pattern = "GET /about"
	for _, b := range backgrounds {
		t.Run(b.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newInner(t, b.opts, func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(making)
					_, _ = io.WriteString(w, r.Pattern)
				}, func(cached func(http.Handler) http.Handler, h http.Handler) http.Handler {
					mux := http.NewServeMux()
					mux.Handle(pattern, cached(h))
					return mux
				})
				defer s.pages.Close()
				s.get("/about")
				b.cause(s)
				s.get("/about")
				time.Sleep(2 * making)
				if n := s.rendered(); n != 2 {
					t.Fatalf("%d renderings, want 2: the visitor's, and one in the background", n)
				}
				if got := body(t, s.get("/about")); got != pattern {
					t.Errorf("the handler saw the pattern %q, want %q", got, pattern)
				}
				s.rendered()
				s.purge(cache.Route(pattern))
				s.get("/about")
				synctest.Wait()
				if n := s.rendered(); n != 1 {
					t.Errorf("%d renderings after a purge of the route, want 1", n)
				}
			})
		})
	}
}

// aroundSessions is a middleware that puts the visitor into the context, as those of
// sessions do, and says so in Vary.
func aroundSessions(cached func(http.Handler) http.Handler, h http.Handler) http.Handler {
	inner := cached(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Cookie")
		who := "nobody"
		if c, err := r.Cookie("session"); err == nil {
			who = c.Value
		}
		inner.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitorKey{}, who)))
	})
}

// A page of a visitor whom the middleware around the cache knows is not rendered
// without that.
func TestBackgroundBehindSessions(t *testing.T) {
	for _, b := range backgrounds {
		t.Run(b.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var l told
				b.opts.Observe = l.observe
				s := newInner(t, b.opts, func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(making)
					_, _ = fmt.Fprintf(w, "hello %v", r.Context().Value(visitorKey{}))
				}, aroundSessions)
				defer s.pages.Close()
				visit := func(who string) {
					if got, want := body(t, s.get("/", "Cookie: session="+who)), "hello "+who; got != want {
						t.Errorf("got %q, want %q", got, want)
					}
				}
				for _, who := range []string{"alice", "bob", "nobody", "alice", "bob"} {
					visit(who)
					b.cause(s)
					visit(who)
					time.Sleep(2 * making)
					visit(who)
				}
				if got, want := l.list(), []string{"Vary: Cookie"}; !slices.Equal(got, want) {
					t.Errorf("Observe was told %q, want %q", got, want)
				}
			})
		})
	}
}

// What those around the cache do with a page, and say in Vary, stands there for a
// warm-up, too: it makes one of the pages there are, and displaces none.
func TestWarmBeginsWithVary(t *testing.T) {
	for _, vary := range []string{"Accept-Encoding", "origin, Access-Control-Request-Headers", "Cookie"} {
		t.Run(vary, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var l told
				opts := pagecache.Options{TTL: time.Hour, Warm: 1, IgnoreVary: []string{"Cookie"}, Observe: l.observe}
				s := newInner(t, opts, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Add("Vary", "Accept-Language")
					_, _ = fmt.Fprint(w, pagecache.Warming(r.Context()))
				}, func(cached func(http.Handler) http.Handler, h http.Handler) http.Handler {
					inner := cached(h)
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						w.Header().Set("Vary", vary)
						inner.ServeHTTP(w, r)
					})
				})
				defer s.pages.Close()
				s.get("/", "Origin: https://example.org", "Accept-Encoding: gzip", "Accept-Language: de")
				s.rendered()
				s.purge(cache.Path("/"))
				time.Sleep(time.Second)
				if n := s.rendered(); n != 1 {
					t.Fatalf("%d renderings after the purge, want 1", n)
				}
				resp := s.get("/")
				if got := body(t, resp); got != "true" {
					t.Errorf("warming: %s, want true: the page that was warmed", got)
				}
				if got, want := strings.Join(resp.Header["Vary"], ", "), vary+", Accept-Language"; got != want {
					t.Errorf("Vary: %s, want %s", got, want)
				}
				s.get("/", "Origin: https://example.org", "Accept-Encoding: gzip", "Accept-Language: de")
				s.rendered()
				s.get("/")
				if n := s.rendered(); n != 0 {
					t.Errorf("the page that was warmed is gone when another one is stored")
				}
				if got := l.list(); len(got) > 0 {
					t.Errorf("Observe was told %q", got)
				}
			})
		})
	}
}

// A page that was stored for a visitor whom the middleware knows is not warmed as
// it was before that, even if it waits already.
func TestWarmForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := pagecache.Options{TTL: time.Hour, Warm: 1}
		s := newInner(t, opts, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/busy" {
				time.Sleep(time.Second)
			}
			_, _ = io.WriteString(w, "page")
		}, func(cached func(http.Handler) http.Handler, h http.Handler) http.Handler {
			visitors, others := aroundSessions(cached, h), cached(h)
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Cookie") == "" {
					others.ServeHTTP(w, r)
					return
				}
				visitors.ServeHTTP(w, r)
			})
		})
		defer s.pages.Close()
		s.get("/busy")
		s.get("/a")
		s.rendered()
		s.purge(cache.Path("/busy"))
		synctest.Wait()
		s.purge(cache.Path("/a")) // it waits
		s.get("/a", "Cookie: session=alice")
		time.Sleep(10 * time.Second)
		if n := s.rendered(); n != 2 {
			t.Errorf("%d renderings, want 2: of /busy, and alice's", n)
		}
		s.purge(cache.Path("/a"))
		time.Sleep(10 * time.Second)
		if n := s.rendered(); n != 0 {
			t.Errorf("%d renderings after the next purge, want none", n)
		}
	})
}

// Fields that are in every key are sent with a warm-up: behind a proxy that ends
// TLS, the pages of https are warmed as such.
func TestWarmSendsTheFieldsOfTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := keys.New("page", &keys.Options{Headers: []string{"X-Forwarded-Proto", "Accept-Language"}})
		if err != nil {
			t.Fatal(err)
		}
		s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Warm: 2, Keys: b}, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Forwarded-Proto") != "https" {
				http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusMovedPermanently)
				return
			}
			h := r.Header.Clone()
			r.Header.Set("X-Forwarded-Proto", "changed")
			_, _ = fmt.Fprint(w, pagecache.Warming(r.Context()), h)
		})
		defer s.pages.Close()
		s.get("/", "X-Forwarded-Proto: https", "Visitor: ada")
		s.get("/", "X-Forwarded-Proto: https", "Accept-Language: de", "Accept-Language: en")
		s.rendered()
		for range 2 {
			s.purge(cache.Path("/"))
			time.Sleep(time.Second)
			if n := s.rendered(); n != 2 {
				t.Errorf("%d renderings after the purge, want 2", n)
			}
			resp := s.get("/", "X-Forwarded-Proto: https", "Visitor: bob")
			wantStatus(t, resp, "https", "uncache; hit")
			if got, want := body(t, resp), "true map[X-Forwarded-Proto:[https]]"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			resp = s.get("/", "X-Forwarded-Proto: https", "Accept-Language: de, en")
			wantStatus(t, resp, "https in German", "uncache; hit")
			if got, want := body(t, resp), "true map[Accept-Language:[de en] X-Forwarded-Proto:[https]]"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if n := s.rendered(); n != 0 {
				t.Errorf("%d renderings for visitors after the warm-up, want none", n)
			}
		}
	})
}
