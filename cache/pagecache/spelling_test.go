package pagecache_test

import (
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/keys/route"
)

// A doc is a model with one page.
type doc struct{ path string }

// spellings are of one path, for a handler that goes by the decoded path.
var spellings = []string{"/docs/a/b/c.txt", "/docs/a%2Fb/c.txt", "/docs/a/b%2fc.txt", "/docs/a%2Fb%2Fc.txt", "/docs%2Fa/b/c.txt", "/docs/%61%2fb/c.txt"}

// decoding are handlers that give one page for all spellings.
func decoding(version *int) map[string]http.Handler {
	mux := http.NewServeMux()
	wildcard := func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.PathValue("path"), " ", *version) }
	mux.HandleFunc("GET /docs/{path...}", wildcard)
	mux.HandleFunc("GET /{path...}", wildcard) // "/docs%2Fa/b/c.txt"
	return map[string]http.Handler{
		"a wildcard": mux,
		"the decoded path": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, strings.TrimPrefix(r.URL.Path, "/docs/"), " ", *version)
		}),
		"files": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.FileServerFS(fstest.MapFS{"docs/a/b/c.txt": {Data: fmt.Append(nil, *version)}}).ServeHTTP(w, r)
		}),
	}
}

// Whichever spelling of a path is purged, by whichever kind of name, no other
// spelling of it is served old: through a page cache, a coherent cache, and by the
// target and the Location of an unsafe request.
func TestPurgeOfOneSpellingReachesAll(t *testing.T) {
	page := route.MustParse("GET /docs/{path...}")
	canonical := func(spelling string) string {
		return strings.ReplaceAll(strings.ReplaceAll(spelling, "%2f", "%2F"), "%61", "a")
	}
	for kind, purge := range map[string]func(t *testing.T, s *site, store *coherent.Cache, spelling string){
		"path": func(_ *testing.T, s *site, _ *coherent.Cache, sp string) { s.purge(cache.Path(canonical(sp))) },
		"uri": func(_ *testing.T, s *site, _ *coherent.Cache, sp string) {
			s.purge(cache.URI("example.com" + canonical(sp)))
		},
		"PurgeURL": func(t *testing.T, s *site, _ *coherent.Cache, sp string) {
			if err := s.pages.PurgeURL(t.Context(), sp); err != nil {
				t.Error(err)
			}
		},
		"uri of every host": func(_ *testing.T, s *site, _ *coherent.Cache, sp string) {
			s.purge(cache.URI(canonical(sp)))
		},
		"prefix": func(_ *testing.T, s *site, _ *coherent.Cache, sp string) { s.purge(cache.Prefix(canonical(sp))) },
		"prefix of a directory": func(_ *testing.T, s *site, _ *coherent.Cache, sp string) {
			s.purge(cache.Prefix(canonical(directory(sp))))
		},
		"coherent": func(t *testing.T, _ *site, store *coherent.Cache, sp string) {
			if err := store.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Path(canonical(sp))}}); err != nil {
				t.Error(err)
			}
		},
		"a model, through a coherent cache": func(t *testing.T, _ *site, store *coherent.Cache, sp string) {
			inv := invalidate.New(store, nil)
			invalidate.Register(inv, func(d doc, to *invalidate.Targets) { to.Path(d.path) })
			if err := inv.Invalidate(t.Context(), doc{sp}); err != nil {
				t.Error(err)
			}
		},
		"a route": func(t *testing.T, s *site, _ *coherent.Cache, _ string) {
			inv := invalidate.New(s.pages, nil)
			invalidate.Register(inv, func(d doc, to *invalidate.Targets) { to.Route(page, d.path) })
			if err := inv.Invalidate(t.Context(), doc{"a/b/c.txt"}); err != nil {
				t.Error(err)
			}
		},
		"POST": func(_ *testing.T, s *site, _ *coherent.Cache, sp string) { s.do("POST", "http://example.com"+sp) },
		"Location": func(_ *testing.T, s *site, _ *coherent.Cache, sp string) {
			s.do("POST", "http://example.com/save", "To: "+sp)
		},
	} {
		version := 0
		for name, h := range decoding(&version) {
			for _, spelling := range spellings {
				m := memory.New(nil)
				t.Cleanup(func() { _ = m.Close() })
				version = 1
				s := newSite(t, m, nil, func(w http.ResponseWriter, r *http.Request) {
					if r.Method == "POST" {
						w.Header()["Location"] = r.Header["To"]
						return
					}
					h.ServeHTTP(w, r)
				})
				other, err := coherent.New(m, nil) // another process
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = other.Close() })
				for range 2 {
					for _, u := range spellings {
						if got := body(t, s.get("http://example.com"+u)); !strings.HasSuffix(got, "1") {
							t.Fatalf("%s, %s: %q", name, u, got)
						}
					}
				}
				if got := s.rendered(); got > len(spellings) {
					t.Fatalf("%s: %d renderings of %d URLs", name, got, len(spellings))
				}
				version = 2
				purge(t, s, other, spelling)
				for _, u := range spellings {
					if got := body(t, s.get("http://example.com"+u)); !strings.HasSuffix(got, "2") {
						t.Errorf("%s, purged by %s as %s: %s is still %q", name, kind, spelling, u, got)
					}
				}
			}
		}
	}
}

// directory returns the path of the directory of spelling, as it is spelled.
func directory(spelling string) string {
	i := max(strings.LastIndexByte(spelling, '/'), strings.LastIndex(strings.ToUpper(spelling), "%2F"))
	return spelling[:i]
}

// What is decoded twice, or looks like a slash, is another page.
func TestPurgeOfWhatIsAnotherPage(t *testing.T) {
	s := newSite(t, nil, nil, func(http.ResponseWriter, *http.Request) {})
	for _, u := range []string{"/docs/a%252Fb", "/docs/a%5Cb", "/docs/a%20b", "/docs/ab"} {
		s.get(u)
		s.purge(cache.Path("/docs/a/b"), cache.Path("/docs/a%2Fb"), cache.Prefix("/docs/a%2F"))
		wantStatus(t, s.get(u), u, "uncache; hit")
	}
}

// A proxy's origin may tell "a%2Fb" from "a/b": they are two pages, with one name.
func TestSpellingsAreTwoPages(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.EscapedPath()) })
	for range 2 {
		for _, u := range []string{"/a%2Fb", "/a/b"} {
			if got := body(t, s.get(u)); got != u {
				t.Errorf("%s shows the page of %s", u, got)
			}
		}
	}
	if got := s.rendered(); got != 2 {
		t.Errorf("%d renderings, want 2", got)
	}
}

// Where a handler that cleans or decodes paths may see another page than Skip,
// nothing is stored: each request is answered by the handler.
func TestSkipSeesWhatTheHandlerSees(t *testing.T) {
	account := func(w http.ResponseWriter, r *http.Request) { // as FileServer, and routers that clean paths
		if p := path.Clean(r.URL.Path); p == "/account" || strings.HasPrefix(p, "/account/") || strings.HasPrefix(r.Host, "account.test") {
			fmt.Fprint(w, "account of ", r.Header.Get("User"))
		}
	}
	const host = "http://example.com"
	for name, tt := range map[string]struct {
		skip func(r *http.Request) bool
		urls []string
	}{
		"by the path": {
			func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/account/") },
			[]string{
				host + "/account/", host + "/%61ccount/", host + "/account%2F", host + "/account%2Fx", host + "//account/", host + "/./account/", host + "/x/../account/",
				host + "/x%2F..%2Faccount/", host + "/x/%2e%2e/account/", host + "/%2e/account/", host + "/%2Faccount/", host + "/x%2f..%2faccount%2f",
				host + "///account/", host + "/x/..//account/", host + "/account//", host + "/account/../account/",
			},
		},
		"by the escaped path": {
			func(r *http.Request) bool { return strings.HasPrefix(r.URL.EscapedPath(), "/account/") },
			[]string{host + "/account/", host + "/%61ccount/", host + "/acc%6Funt/x", host + "//account/", host + "/x%2F..%2Faccount/"},
		},
		"by RequestURI": {
			func(r *http.Request) bool { return strings.HasPrefix(r.RequestURI, "/account/") },
			[]string{host + "/account/", "/account/", "/%61ccount/", host + "/%61ccount/x?y", host + "/x/../account/"},
		},
		"by the host": {
			func(r *http.Request) bool { return r.Host == "account.test" },
			[]string{"http://account.test/x", "http://account.test:80/x", "http://account.test:/x"},
		},
	} {
		s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, Skip: tt.skip}, account)
		for _, u := range tt.urls {
			for _, user := range []string{"alice", "bob"} {
				if got := body(t, s.get(u, "User: "+user)); got != "account of "+user {
					t.Errorf("skipped %s, %s: %s is shown the %q", name, u, user, got)
				}
			}
		}
	}
}

// Skip is asked about a request as it came, too: what it says of a parameter
// that does not count holds.
func TestSkipOfWhatDoesNotCount(t *testing.T) {
	s := newSite(t, nil, &pagecache.Options{
		TTL: time.Hour, Keys: newKeys(t, queryOf("page")),
		Skip: func(r *http.Request) bool { return r.URL.Query().Has("preview") },
	}, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.RawQuery) })
	for _, u := range []string{"/?preview=1&page=2", "/?preview=1&page=2"} {
		resp := s.get(u)
		wantStatus(t, resp, u, "uncache; fwd=bypass; detail=skip")
		if got := body(t, resp); got != "preview=1&page=2" {
			t.Errorf("the handler saw %q", got)
		}
	}
}
