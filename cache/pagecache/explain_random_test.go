package pagecache_test

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

// Whatever happened before, the next request is answered as Explain says.
func TestExplainAgreesWithRequests(t *testing.T) {
	for name, wrap := range map[string]func(cache.Backend) cache.Backend{
		"in memory": func(b cache.Backend) cache.Backend { return b },
		"encoded":   func(b cache.Backend) cache.Backend { return far{b} },
	} {
		t.Run(name, func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			rnd := rand.New(rand.NewPCG(seed, 0))
			pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
			k, err := keys.New("page", &keys.Options{Hosts: []string{"example.com"}, Query: []string{"q"}})
			if err != nil {
				t.Fatal(err)
			}
			opts := &pagecache.Options{
				Keys: k, TTL: time.Minute, SessionCookies: []string{"sid"}, MaxVariants: 3,
				Skip: func(r *http.Request) bool { return r.URL.Path == "/skip" },
			}
			synctest.Test(t, func(t *testing.T) {
				m := memory.New(nil)
				defer m.Close()
				s := newSite(t, wrap(m), opts, func(w http.ResponseWriter, r *http.Request) {
					pagecache.AddGroups(r.Context(), "g"+r.URL.Path)
					switch r.URL.Path {
					case "/vary":
						w.Header().Set("Vary", "Accept-Language")
					case "/short":
						w.Header().Set("Cache-Control", "max-age=2")
						w.Header().Set("Etag", `"x"`)
					case "/private":
						w.Header().Set("Cache-Control", "private")
					case "/public":
						w.Header().Set("Cache-Control", "public, max-age=60")
					case "/no-cache":
						w.Header().Set("Cache-Control", "no-cache")
						w.Header().Set("Etag", `"x"`)
					}
					_, _ = io.WriteString(w, "body")
				})
				hits, purged := 0, 0
				for step := range 1500 {
					path := pick("/a", "/b/c", "/vary", "/short", "/private", "/public", "/no-cache", "/skip", "/a?q=1", "/a?other=1", "//x")
					switch rnd.IntN(12) {
					case 0:
						s.purge(cache.Group("g" + strings.TrimSuffix(path, "?q=1")))
					case 1:
						s.purge(cache.Prefix(pick("/a", "/b", "/vary")))
					case 2:
						_ = s.pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Path(pick("/a", "/short"))}, Soft: true})
					case 3:
						time.Sleep(time.Duration(rnd.IntN(3000)) * time.Millisecond)
					case 4:
						if rnd.IntN(10) == 0 {
							s.purge(cache.All)
						}
					case 5:
						s.do(http.MethodPost, pick("/a", "/b/c"))
					}
					r := httptest.NewRequest(pick("GET", "GET", "GET", "HEAD"), path, nil)
					for _, field := range []string{"Accept-Language: de", "Accept-Language: en", "Accept-Language: fr", "Cookie: sid=1", "Authorization: x", "Connection: X-A", "Range: bytes=0-1"} {
						if rnd.IntN(6) == 0 {
							name, value, _ := strings.Cut(field, ": ")
							r.Header.Set(name, value)
						}
					}
					x, err := s.pages.Explain(t.Context(), r)
					if err != nil {
						t.Fatal(err)
					}
					w := httptest.NewRecorder()
					s.ServeHTTP(w, r)
					got := strings.TrimPrefix(w.Header().Get("Cache-Status"), "uncache; ")
					is, _, _ := strings.Cut(got, ";")
					want, _, _ := strings.Cut(x.Status, ";")
					if is != want {
						t.Errorf("step %d: %s %s %v: Cache-Status %q, explained as\n%s", step, r.Method, path, r.Header, got, x)
						return
					}
					if x.Because == "" {
						t.Errorf("step %d: %s: no reason for %q", step, path, x.Status)
					}
					if x.Hit {
						hits++
					}
					if x.Reason == "purged" {
						if purged++; x.Purge == nil {
							t.Errorf("step %d: %s: purged, by no event:\n%s", step, path, x)
						}
					}
				}
				if hits < 100 || purged < 20 {
					t.Errorf("%d hits and %d purged pages: the test asks about too little", hits, purged)
				}
			})
		})
	}
}
