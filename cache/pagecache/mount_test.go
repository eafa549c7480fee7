package pagecache_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

// around are what somebody around the cache does to the URL: each serves the pages
// of two languages by one Cache.
func around(pages *pagecache.Cache, site http.Handler) map[string]http.Handler {
	mounts := http.NewServeMux()
	for _, lang := range []string{"en", "de"} {
		mounts.Handle("/"+lang+"/", http.StripPrefix("/"+lang, pages.Handler(site)))
	}
	cached := pages.Handler(site)
	front := func(change func(r *http.Request, lang string)) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			lang := r.Header.Get("Accept-Language")
			if lang == "" {
				lang = r.URL.Path[1:3]
			}
			own := r.Clone(r.Context())
			change(own, lang)
			cached.ServeHTTP(w, own)
		})
	}
	return map[string]http.Handler{
		"StripPrefix": mounts,
		"a language in front": front(func(r *http.Request, lang string) {
			if !strings.HasPrefix(r.URL.Path, "/"+lang+"/") {
				r.URL.Path = "/" + lang + r.URL.Path
			}
		}),
		"a language taken off": front(func(r *http.Request, lang string) {
			r.URL.Path = strings.TrimPrefix(r.URL.Path, "/"+lang)
		}),
	}
}

// Two mounts of one cache don't share pages, by the long way, the shortcut, or in
// the background.
func TestMountsHaveTheirOwnPages(t *testing.T) {
	for _, opts := range []*pagecache.Options{
		{TTL: time.Minute}, {TTL: time.Minute, Warm: 1}, {TTL: time.Minute, StaleWhileRevalidate: time.Minute},
	} {
		for _, name := range []string{"StripPrefix", "a language in front", "a language taken off"} {
			synctest.Test(t, func(t *testing.T) { testMounts(t, name, opts) })
		}
	}
}

func testMounts(t *testing.T, name string, opts *pagecache.Options) {
	s := newSite(t, nil, opts, func(http.ResponseWriter, *http.Request) {})
	h := around(s.pages, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RequestURI) }))[name]
	// What a mux has routed here is not rendered in the background.
	background := name != "StripPrefix" && (opts.Warm > 0 || opts.StaleWhileRevalidate > 0)
	for i, hits := range []bool{false, true, background, true} {
		for _, want := range []string{"/en/blog/", "/en/blog/?page=2", "/de/blog/", "/de/blog/?page=2"} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", want, nil))
			if got := w.Body.String(); got != want {
				t.Errorf("%s: %s shows the page of %q (%s)", name, want, got, w.Header().Get("Cache-Status"))
			}
			if st := w.Header().Get("Cache-Status"); strings.Contains(st, "hit") != hits {
				t.Errorf("%s: %s the %d. time: %s, want a hit: %v", name, want, i+1, st, hits)
			}
		}
		if i == 1 {
			if err := s.pages.Purge(t.Context(), cache.Event{Soft: opts.StaleWhileRevalidate > 0, Dependencies: []cache.Dependency{cache.Prefix("/")}}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		synctest.Wait()
	}
	if err := s.pages.Close(); err != nil {
		t.Fatal(err)
	}
}

// What one visitor's language has chosen is not shown to another's, though both
// asked for one URL.
func TestLanguageInFrontIsInTheKey(t *testing.T) {
	s := newSite(t, nil, nil, func(http.ResponseWriter, *http.Request) {})
	h := around(s.pages, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) }))["a language in front"]
	for range 3 {
		for _, lang := range []string{"en", "de"} {
			r := httptest.NewRequest("GET", "/blog/", nil)
			r.Header.Set("Accept-Language", lang)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if got, want := w.Body.String(), "/"+lang+"/blog/"; got != want {
				t.Errorf("a visitor who reads %s is shown %s", lang, got)
			}
		}
	}
}

// Where somebody around chooses a backend by the host in the URL, the backend's
// page is its own.
func TestBackendInTheURLIsInTheKey(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Scheme, " ", r.URL.Host) })
	for range 3 {
		for _, backend := range []string{"10.0.0.1:80", "10.0.0.2:80"} {
			r := httptest.NewRequest("GET", "/blog/", nil)
			r.URL.Scheme, r.URL.Host = "http", backend
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if got, want := w.Body.String(), "http "+backend; got != want {
				t.Errorf("the handler of %s was given %q", want, got)
			}
		}
	}
	if got := s.rendered(); got != 2 {
		t.Errorf("%d renderings, want 2", got)
	}
	s.purge(cache.Path("/blog/"))
	r := httptest.NewRequest("GET", "/blog/", nil)
	r.URL.Scheme, r.URL.Host = "http", "10.0.0.1:80"
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	wantStatus(t, w.Result(), "after a purge of its path", "uncache; fwd=miss")
}

// Whether a rule names the URL that the client asked for, or the one that the
// handler saw: the page is purged.
func TestPurgeOfAMountedPage(t *testing.T) {
	for _, d := range []cache.Dependency{
		cache.Path("/en/blog/a%2Fb"), cache.Path("/blog/a%2Fb"), cache.Path("/en/blog/a/b"), cache.Path("/blog/a/b"),
		cache.Prefix("/en/"), cache.Prefix("/en/blog/a"), cache.Prefix("/blog/a"),
		cache.URI("example.com/en/blog/a%2Fb?page=2"), cache.URI("/en/blog/a/b?page=2"),
		cache.URI("example.com/blog/a%2Fb?page=2"), cache.URI("/blog/a/b?page=2"),
	} {
		s := newSite(t, nil, nil, func(http.ResponseWriter, *http.Request) {})
		s.Handler = http.StripPrefix("/en", s.Handler)
		const url = "http://example.com/en/blog/a%2Fb?page=2"
		s.get(url)
		wantStatus(t, s.get(url), "before", "uncache; hit")
		s.purge(d)
		wantStatus(t, s.get(url), fmt.Sprint("after a purge of ", d), "uncache; fwd=miss")
	}
	for _, d := range []cache.Dependency{cache.Path("/de/blog/"), cache.Path("/en/"), cache.URI("/en/blog/?page=2"), cache.Prefix("/de")} {
		s := newSite(t, nil, nil, func(http.ResponseWriter, *http.Request) {})
		s.Handler = http.StripPrefix("/en", s.Handler)
		s.get("/en/blog/")
		s.purge(d)
		wantStatus(t, s.get("/en/blog/"), fmt.Sprint("after a purge of ", d), "uncache; hit")
	}
}

// The query of RequestURI never counts, and no handler sees it.
func TestQueryOfRequestURIDoesNotCount(t *testing.T) {
	s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Keys: newKeys(t, &keys.Options{Query: []string{"page"}})},
		func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RequestURI, " ", r.URL) })
	s.Handler = func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.URL.RawQuery = "page=" + r.URL.Query().Get("p")
			h.ServeHTTP(w, r)
		})
	}(http.StripPrefix("/en", s.Handler))
	for _, u := range []string{"/en/blog/?p=2&utm=x", "/en/blog/?utm=y&p=2", "/en/blog/?p=2"} {
		if got, want := body(t, s.get(u)), "/en/blog/?page=2 /blog/?page=2"; got != want {
			t.Errorf("%s: the handler saw %q, want %q", u, got, want)
		}
	}
	if got := s.rendered(); got != 1 {
		t.Errorf("%d renderings, want 1", got)
	}
}

// A redirect from inside a mount purges the page to which it leads, however it is
// written.
func TestRedirectInsideAMount(t *testing.T) {
	for _, location := range []string{
		"../blog/hello/", "hello/", "./hello/", // the browser resolves these by what it asked for
		"/en/blog/hello/", "http://example.com/en/blog/hello/", "//example.com/en/blog/hello/",
		"/blog/hello/", "http://example.com/blog/hello/", // somebody around will add the prefix
		"https://example.com:443/en/blog/hello/", "http://u@example.com/en/blog/hello/", "/en/blog/x/../hello/", "/en/blog/%2e/hello/", "/en//blog/hello/",
	} {
		for _, mount := range []string{"/en", ""} {
			s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "POST" {
					w.Header().Set("Location", location)
					w.WriteHeader(http.StatusSeeOther)
				}
			})
			if mount != "" {
				s.Handler = http.StripPrefix(mount, s.Handler)
			} else if strings.Contains(location, "/en/") || strings.Contains(location, "/en//") {
				continue
			}
			s.get("http://example.com" + mount + "/blog/hello/")
			s.get("http://example.com" + mount + "/other/")
			s.do("POST", "http://example.com"+mount+"/blog/")
			wantStatus(t, s.get("http://example.com"+mount+"/blog/hello/"), fmt.Sprintf("Location %q, mounted at %q", location, mount), "uncache; fwd=miss")
			wantStatus(t, s.get("http://example.com"+mount+"/other/"), "another page", "uncache; hit")
		}
	}
}

// What an unsafe request or its redirect names only when it is decoded, is purged: a
// mount that ends with an encoded slash, and dot segments that lead to the root.
func TestUnsafeRequestsToWhatIsOnlyDecoded(t *testing.T) {
	for _, tt := range []struct{ target, location, page string }{
		{"/m%2Fdocs", "", "/docs"},
		{"/m%2Fdocs%2Fa", "", "/docs/a"},
		{"/m%2f", "", "/"},
		{"/save", "/%2e/", "/"},
		{"/save", "/a/%2e%2e", "/"},
		{"/a/%2e/b/", "..", "/a/"},
		{"/%2e/b/", "..", "/"},
	} {
		s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" && tt.location != "" {
				w.Header().Set("Location", tt.location)
				w.WriteHeader(http.StatusSeeOther)
			}
		})
		direct, mounted := s.Handler, http.StripPrefix("/m", s.Handler)
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/m/") {
				mounted.ServeHTTP(w, r)
				return
			}
			direct.ServeHTTP(w, r)
		})
		s.get("http://example.com" + tt.page)
		s.get("http://example.com/other/")
		s.do("POST", "http://example.com"+tt.target)
		wantStatus(t, s.get("http://example.com"+tt.page), fmt.Sprintf("%+v", tt), "uncache; fwd=miss")
		wantStatus(t, s.get("http://example.com/other/"), "another page", "uncache; hit")
	}
}

// A redirect to the URL that was asked for goes round for ever if it is stored.
func TestMountedRedirectToItself(t *testing.T) {
	for location, stored := range map[string]bool{
		"https://example.com/en/blog": false, "/en/blog": false, "blog": false, "https://example.com/blog": false,
		"https://example.com/en/blog/": true, "/de/blog": true, "https://other.example/en/blog": true,
	} {
		s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", location)
			w.Header().Set("Cache-Control", "max-age=60")
			w.WriteHeader(http.StatusMovedPermanently)
		})
		s.Handler = http.StripPrefix("/en", s.Handler)
		s.get("http://example.com/en/blog")
		if hit := strings.Contains(s.get("http://example.com/en/blog").Header.Get("Cache-Status"), "hit"); hit != stored {
			t.Errorf("a redirect from /en/blog to %s: stored %v, want %v", location, hit, stored)
		}
	}
}
