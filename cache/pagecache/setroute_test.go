package pagecache_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/keys/route"
)

// pageOf is a model whose rule names all that a route served.
type pageOf struct{ route string }

func purgeRoute(t *testing.T, s *site, pattern string) {
	t.Helper()
	inv := invalidate.New(s.pages, nil)
	invalidate.Register(inv, func(p pageOf, to *invalidate.Targets) { to.Route(route.MustParse(p.route)) })
	if err := inv.Invalidate(t.Context(), pageOf{pattern}); err != nil {
		t.Error(err)
	}
}

// muxed serves url by a ServeMux inside of the cache that has one pattern.
func muxed(t *testing.T, pattern string) *site {
	mux := http.NewServeMux()
	mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	return newSite(t, nil, nil, mux.ServeHTTP)
}

// The rule and the mux may spell a pattern differently.
func TestRoutesMeetHoweverTheyAreSpelled(t *testing.T) {
	for _, tt := range []struct {
		mux, rule string
		purged    bool
	}{
		{"GET /blog/{slug}", "GET /blog/{slug}", true},
		{"/blog/{slug}", "GET /blog/{slug}", true},
		{"GET /blog/{slug}", "/blog/{slug}", true},
		{"GET  \t/blog/{slug}", "HEAD /blog/{slug}", true},
		{"GET /blog/{slug}", "GET /blog/{id}", true},
		{"/{section}/{slug}", "/{a}/{b}", true},
		{"/{section}/{rest...}", "/{a}/", true},
		{"GET example.com/blog/{slug}", "example.com/blog/{slug}", true},
		{"GET /bl%6fg/{slug}", "/blog/{slug}", true},
		{"GET /blog/{slug}", "GET /blog/{slug}/{$}", false},
		{"GET /blog/{slug}", "GET /news/{slug}", false},
		{"GET /blog/{slug}", "/{a}/{b}", false},
	} {
		s := muxed(t, tt.mux)
		s.get("http://example.com/blog/hello")
		wantStatus(t, s.get("http://example.com/blog/hello"), "before", "uncache; hit")
		purgeRoute(t, s, tt.rule)
		if got := s.get("http://example.com/blog/hello").Header.Get("Cache-Status"); strings.Contains(got, "hit") == tt.purged {
			t.Errorf("served by %q, purged by %q: %s, want purged %v", tt.mux, tt.rule, got, tt.purged)
		}
		for _, r := range []string{tt.mux, route.MustParse(tt.mux).Name()} { // by hand
			s.get("http://example.com/blog/hello")
			s.purge(cache.Route(r))
			wantStatus(t, s.get("http://example.com/blog/hello"), "after a purge of cache.Route "+r, "uncache; fwd=miss")
		}
	}
}

// A pattern that is not ServeMux's, or can't have served the request, says nothing
// about the route.
func TestPatternsThatCannotBeTrue(t *testing.T) {
	for _, pattern := range []string{
		"/blog/:slug", "/blog/*", "/blog/*slug", "/blog/{slug:[a-z]+}", "blog.show", "/blog/<slug>", // echo, chi, gin, others
		"/{slug}", "/hello", "/news/{slug}", // the last of several routers, or another's
		"POST /blog/{slug}", "other.example/blog/{slug}", // another request's
		"/blog/{slug}/", "/", // passes it on, perhaps
		"",
	} {
		s := newSite(t, nil, nil, func(_ http.ResponseWriter, r *http.Request) { r.Pattern = pattern })
		s.get("http://example.com/blog/hello")
		wantStatus(t, s.get("http://example.com/blog/hello"), "before", "uncache; hit")
		purgeRoute(t, s, "GET /blog/{slug}")
		wantStatus(t, s.get("http://example.com/blog/hello"), "Pattern "+pattern, "uncache; fwd=miss")
		if pattern != "" { // who knows the router's own name may purge by that
			s.purge(cache.Route(pattern))
			wantStatus(t, s.get("http://example.com/blog/hello"), "by its own name "+pattern, "uncache; fwd=miss")
		}
	}
}

// SetRoute tells the route for a router that is not ServeMux, and nothing else is
// purged with it.
func TestSetRoute(t *testing.T) {
	for _, tt := range []struct {
		set   string
		exact bool // only its own purges reach it
	}{
		{"/blog/{slug}", true}, {"GET /blog/{id}", true}, {"example.com/blog/{slug}", false},
		{"/blog/:slug", false}, {"POST /blog/{slug}", false}, {"/blog/{slug", false}, {"\xff", false}, {"/", false}, {"", false},
	} {
		s := newSite(t, nil, nil, func(_ http.ResponseWriter, r *http.Request) {
			r.Pattern = "/blog/:slug" // as echo
			pagecache.SetRoute(r.Context(), tt.set)
		})
		get := func() string { return s.get("http://h/blog/hello").Header.Get("Cache-Status") }
		get()
		purgeRoute(t, s, "/blog/{slug}")
		if tt.set != "example.com/blog/{slug}" && strings.Contains(get(), "hit") {
			t.Errorf("SetRoute %q: not purged with its route", tt.set)
		}
		get()
		purgeRoute(t, s, "/news/{slug}")
		if hit := strings.Contains(get(), "hit"); hit != tt.exact {
			t.Errorf("SetRoute %q: a purge of another route left it: %v, want %v", tt.set, hit, tt.exact)
		}
		if tt.set != "" {
			get()
			s.purge(cache.Route(tt.set))
			if strings.Contains(get(), "hit") {
				t.Errorf("SetRoute %q: not purged by its own name", tt.set)
			}
		}
	}
}

// It may be told late, from a goroutine, by several routers, and where there is no
// page.
func TestSetRouteFromAnyContext(t *testing.T) {
	pagecache.SetRoute(context.Background(), "/x")
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
		pagecache.SetRoute(r.Context(), "/blog/")
		fmt.Fprint(w, "page")
		done := make(chan struct{})
		go func() {
			defer close(done)
			pagecache.SetRoute(r.Context(), "/blog/{slug}")
		}()
		<-done
	})
	s.do("POST", "/blog/hello")
	s.get("/blog/hello")
	purgeRoute(t, s, "/news/{slug}")
	wantStatus(t, s.get("/blog/hello"), "another route", "uncache; hit")
	for _, pattern := range []string{"/blog/", "GET /blog/{slug}"} {
		s.get("/blog/hello")
		purgeRoute(t, s, pattern)
		wantStatus(t, s.get("/blog/hello"), pattern, "uncache; fwd=miss")
	}
}

// A route is that of the URL which its mux saw, before or behind StripPrefix.
func TestRouteAroundAMount(t *testing.T) {
	inside := http.NewServeMux()
	inside.HandleFunc("GET /blog/{slug}", func(http.ResponseWriter, *http.Request) {})
	for name, serve := range map[string]struct {
		h    http.HandlerFunc
		rule string
	}{
		"a mux inside":           {inside.ServeHTTP, "/blog/{slug}"},
		"a mux around, no other": {func(http.ResponseWriter, *http.Request) {}, "/{lang}/blog/{slug}"},
	} {
		s := newSite(t, nil, nil, serve.h)
		outside := http.NewServeMux()
		outside.Handle("/{lang}/blog/{slug}", http.StripPrefix("/en", s.Handler))
		s.Handler = outside
		s.get("/en/blog/hello")
		purgeRoute(t, s, "/news/{slug}")
		wantStatus(t, s.get("/en/blog/hello"), name+", another route", "uncache; hit")
		purgeRoute(t, s, serve.rule)
		wantStatus(t, s.get("/en/blog/hello"), name, "uncache; fwd=miss")
	}
}
