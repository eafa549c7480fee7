package integration_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

// pages returns a page cache over b, and the coherent cache below it.
func pages(t testing.TB, b cache.Backend) (*pagecache.Cache, *coherent.Cache) {
	t.Helper()
	store, err := coherent.New(b, &coherent.Options{Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	c, err := pagecache.New(store, &pagecache.Options{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return c, store
}

func inMemory(t testing.TB, opts *memory.Options) *memory.Backend {
	t.Helper()
	b := memory.New(opts)
	t.Cleanup(func() { b.Close() })
	return b
}

func get(t testing.TB, h http.Handler, url string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, url, nil))
	return w
}

// A purge that names a page by any dependency it was born with, in any
// spelling, reaches it.
func TestEverySpellingOfAPurge(t *testing.T) {
	uri := func(s string) cache.Dependency {
		u, err := keys.URI(s)
		if err != nil {
			t.Fatal(err)
		}
		return cache.URI(u)
	}
	path := func(s string) string {
		p, err := keys.Path(s)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	const asked = "http://Example.com:80/caf%c3%a9/?b=2&a=%31"
	for _, tt := range []struct {
		name string
		dep  cache.Dependency
	}{
		{"URI", uri("https://example.com/café/?a=1&b=2")},
		{"URI without a host", uri("/caf%C3%A9/?a=1&b=%32")},
		{"path", cache.Path(path("/c%61fé/"))},
		{"prefix", cache.Prefix(path("/café"))},
		{"prefix of everything", cache.Prefix("/")},
		{"route", cache.Route("GET /{name}/{$}")},
		{"group", cache.Group("late")},
		{"all", cache.All},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := pages(t, inMemory(t, nil))
			var version atomic.Int64
			mux := http.NewServeMux()
			mux.HandleFunc("GET /{name}/{$}", func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, version.Load())
				pagecache.AddGroups(r.Context(), "late")
			})
			h := c.Handler(mux)
			get(t, h, asked)
			version.Add(1)
			if w := get(t, h, asked); w.Body.String() != "0" {
				t.Fatalf("before the purge: got version %s, want 0 from the cache (%v)", w.Body, w.Header()["Cache-Status"])
			}
			if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{tt.dep}}); err != nil {
				t.Fatal(err)
			}
			if w := get(t, h, asked); w.Body.String() != "1" {
				t.Errorf("GET %s after a purge of %q: got version %s, want 1 (%v)", asked, tt.dep, w.Body, w.Header()["Cache-Status"])
			}
		})
	}
}

// A process with a MaxStale may serve what is older than another's purge, for so
// long, and not for a moment what is older than its own.
func TestOwnPurgeIsSeenAtOnce(t *testing.T) {
	backends := near(t, share(t, mini(t), nil))
	var version atomic.Int64
	var hs []http.Handler
	var purge func(context.Context, cache.Event) error
	for _, b := range backends[:2] {
		store, err := coherent.New(b, &coherent.Options{MaxStale: time.Hour, Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		c, err := pagecache.New(store, &pagecache.Options{TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		purge = c.Purge // the last one's
		hs = append(hs, c.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, version.Load())
		})))
	}
	other, own := hs[0], hs[1]
	get(t, other, "http://example.com/")
	get(t, own, "http://example.com/")
	version.Add(1)
	if err := purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Path("/")}}); err != nil {
		t.Fatal(err)
	}
	if w := get(t, own, "http://example.com/"); w.Body.String() != "1" {
		t.Errorf("GET / from the node that purged it: got version %s, want 1 (%v)", w.Body, w.Header()["Cache-Status"])
	}
	if w := get(t, other, "http://example.com/"); w.Body.String() != "0" {
		t.Errorf("GET / from another node: got version %s, want 0 from its near tier (%v)", w.Body, w.Header()["Cache-Status"])
	}
}

// A page that says that something is missing was made from the attempt to find
// it, and depends on what the attempt named:
//
//	1  fill F of /post asks for the post          Fetch: load names group post, finds no row
//	2  F answers 404, which may be stored         it has to depend on the group
//	3  the post is saved, group post is purged, returns
//	4  a request for /post                        must not be answered by F
func TestPageOfAFailedFetchIsPurged(t *testing.T) {
	errNoRow := errors.New("no row")
	c, store := pages(t, inMemory(t, nil))
	var saved atomic.Bool
	h := c.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := coherent.Fetch(r.Context(), store, "post", time.Hour,
			func(_ context.Context, deps *coherent.Deps) (string, error) {
				deps.AddGroups("post")
				if !saved.Load() {
					return "", errNoRow
				}
				return "hello", nil
			})
		if errors.Is(err, errNoRow) {
			http.Error(w, "no such post", http.StatusNotFound)
			return
		}
		fmt.Fprint(w, text)
	}))
	get(t, h, "http://example.com/post")
	saved.Store(true)
	if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Group("post")}}); err != nil {
		t.Fatal(err)
	}
	if w := get(t, h, "http://example.com/post"); w.Body.String() != "hello" {
		t.Errorf("GET /post after it was saved and its group purged: got %d %q, want 200 \"hello\" (%v)",
			w.Code, w.Body, w.Header()["Cache-Status"])
	}
}

// A softly purged page may be confirmed by its handler, and is fresh again then.
// A response to HEAD in which no validator stands confirms nothing:
//
//	1  GET /                        version 0 is stored
//	2  version 1 is committed, softly purged; the purge returns
//	3  HEAD /                       the handler's header names no entity tag
//	4  GET /                        must not be version 0, stamped anew
func TestHeadConfirmsNothingWithoutAValidator(t *testing.T) {
	c, _ := pages(t, inMemory(t, nil))
	var version atomic.Int64
	h := c.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, version.Load())
	}))
	const url = "http://example.com/"
	get(t, h, url)
	version.Add(1)
	if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Path("/")}, Soft: true}); err != nil {
		t.Fatal(err)
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodHead, url, nil))
	if w := get(t, h, url); w.Body.String() != "1" {
		t.Errorf("GET / after a soft purge and a HEAD: got version %s, want 1 (%v)", w.Body, w.Header()["Cache-Status"])
	}
}

// Nor does a date that two saves can share: Last-Modified counts whole seconds,
// and is a weak validator unless it is older than that (RFC 9110 §8.8.2.2).
func TestDateOfThisSecondConfirmsNothing(t *testing.T) {
	c, _ := pages(t, inMemory(t, nil))
	var version atomic.Int64
	changed := time.Now() // both versions' date
	h := c.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "page.txt", changed, strings.NewReader(fmt.Sprint(version.Load())))
	}))
	const url = "http://example.com/"
	get(t, h, url)
	version.Add(1)
	if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Path("/")}, Soft: true}); err != nil {
		t.Fatal(err)
	}
	if w := get(t, h, url); w.Body.String() != "1" {
		t.Errorf("GET / after two saves in a second and a soft purge: got version %s, want 1 (%v)", w.Body, w.Header()["Cache-Status"])
	}
}
