package pagecache_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
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

// far hides that a memory backend is in this process, so that responses are
// encoded and decoded as for Redis.
type far struct{ cache.Backend }

// A site is a handler behind a cache.
type site struct {
	t     testing.TB
	pages *pagecache.Cache
	http.Handler
	renders atomic.Int64
}

func newSite(t testing.TB, b cache.Backend, opts *pagecache.Options, h http.HandlerFunc) *site {
	t.Helper()
	return newSiteOver(t, b, nil, opts, h)
}

// newSiteOver is newSite with options for the store.
func newSiteOver(t testing.TB, b cache.Backend, o *coherent.Options, opts *pagecache.Options, h http.HandlerFunc) *site {
	t.Helper()
	if b == nil {
		m := memory.New(nil)
		t.Cleanup(func() { _ = m.Close() })
		b = m
	}
	store, err := coherent.New(b, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if opts == nil {
		opts = &pagecache.Options{TTL: time.Minute}
	}
	pages, err := pagecache.New(store, opts)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, pages: pages}
	s.Handler = pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.renders.Add(1)
		h(w, r)
	}))
	return s
}

// get sends a GET with header fields given as "Name: value".
func (s *site) get(target string, fields ...string) *http.Response {
	s.t.Helper()
	return s.do(http.MethodGet, target, fields...)
}

func (s *site) do(method, target string, fields ...string) *http.Response {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, target, nil)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func (s *site) purge(deps ...cache.Dependency) {
	s.t.Helper()
	if err := s.pages.Purge(s.t.Context(), cache.Event{Dependencies: deps}); err != nil {
		s.t.Fatalf("Purge(%v): %v", deps, err)
	}
}

// rendered reports how many times the handler ran since the last call.
func (s *site) rendered() int { return int(s.renders.Swap(0)) }

func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("read body: %v", err)
	}
	return string(b)
}

func wantStatus(t *testing.T, resp *http.Response, when, want string) {
	t.Helper()
	if got := resp.Header.Get("Cache-Status"); !strings.HasPrefix(got, want) {
		t.Errorf("%s: Cache-Status is %q, want %q", when, got, want)
	}
}

// What a hit gives must be what the fill gave, but for what tells them apart.
func TestHitIsTheSameResponse(t *testing.T) {
	for name, hide := range map[string]bool{"in memory": false, "encoded": true} {
		t.Run(name, func(t *testing.T) {
			var b cache.Backend
			m := memory.New(nil)
			defer m.Close()
			if b = m; hide {
				b = far{m}
			}
			s := newSite(t, b, nil, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Add("Link", "</a.css>; rel=preload")
				w.Header().Add("Link", "</b.css>; rel=preload")
				w.Header().Set("X-Empty", "")
				w.Header().Set("Connection", "X-Hop")
				w.Header().Set("X-Hop", "1")
				w.Header().Set("Cache-Status", "origin; hit")
				w.WriteHeader(http.StatusNotFound)
				_, _ = io.WriteString(w, "<!doctype html>none here")
			})
			first := s.get("/missing")
			wantStatus(t, first, "first", "origin; hit")
			if got := first.Header["Cache-Status"]; len(got) != 2 || got[1] != "uncache; fwd=miss; stored" {
				t.Errorf("first: Cache-Status is %q, want ours appended to the handler's", got)
			}
			second := s.get("/missing")
			if got := second.Header["Cache-Status"]; len(got) != 2 || !strings.HasPrefix(got[1], "uncache; hit; ttl=") {
				t.Errorf("second: Cache-Status is %q, want a hit appended to the handler's", got)
			}
			if n := s.rendered(); n != 1 {
				t.Fatalf("two requests: %d renderings, want 1", n)
			}
			if second.Header.Get("Age") != "0" || first.Header.Get("Age") != "" {
				t.Errorf("Age: first %q, second %q; want none and 0", first.Header.Get("Age"), second.Header.Get("Age"))
			}
			if first.StatusCode != second.StatusCode || body(t, first) != body(t, second) {
				t.Errorf("status or body differ: %d, %d", first.StatusCode, second.StatusCode)
			}
			if second.Header.Get("X-Hop") != "" || second.Header.Get("Connection") != "" {
				t.Errorf("hop-by-hop fields were stored (RFC 9111 §3.1): %v", second.Header)
			}
			for _, h := range []http.Header{first.Header, second.Header} {
				for _, name := range []string{"Age", "Cache-Status", "Connection", "X-Hop"} {
					delete(h, name)
				}
			}
			if !maps.EqualFunc(first.Header, second.Header, slices.Equal) {
				t.Errorf("header fields differ:\n first  %v\n second %v", first.Header, second.Header)
			}
		})
	}
}

// Each kind of dependency purges what it covers, and nothing else.
func TestPurgeCovers(t *testing.T) {
	urls := []string{
		"http://a.example/blog/", "http://a.example/blog/?page=2", "http://b.example/blog/",
		"http://a.example/blog/one/", "http://a.example/blog/two/", "http://a.example/about",
	}
	tests := []struct {
		dep  cache.Dependency
		want []int // which of urls
	}{
		{cache.Path("/blog/"), []int{0, 1, 2}},
		{cache.URI("a.example/blog/"), []int{0}},
		{cache.URI("/blog/"), []int{0, 2}},
		{cache.URI("/blog/?page=2"), []int{1}},
		{cache.Prefix("/blog/"), []int{0, 1, 2, 3, 4}},
		{cache.Prefix("/blog/one"), []int{3}},
		{cache.Prefix("/"), []int{0, 1, 2, 3, 4, 5}},
		{cache.Route("GET /blog/{slug}/"), []int{3, 4}},
		{cache.Route("GET /about"), []int{5}},
		{cache.Group("two"), []int{4}},
		{cache.Group("field"), []int{5}},
		{cache.All, []int{0, 1, 2, 3, 4, 5}},
		{cache.Path("/blog/one"), nil},
		{cache.Group("none"), nil},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /blog/{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "index") })
	mux.HandleFunc("GET /blog/{slug}/", func(w http.ResponseWriter, r *http.Request) {
		pagecache.AddGroups(r.Context(), r.PathValue("slug"))
		_, _ = io.WriteString(w, "post")
	})
	mux.HandleFunc("GET /about", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Groups", `"a";x="1,2", "field"`)
		_, _ = io.WriteString(w, "about")
	})
	for _, tt := range tests {
		t.Run(string(tt.dep), func(t *testing.T) {
			s := newSite(t, nil, nil, mux.ServeHTTP)
			for range 2 {
				for _, u := range urls {
					s.get(u)
				}
			}
			if n := s.rendered(); n != len(urls) {
				t.Fatalf("%d renderings of %d pages", n, len(urls))
			}
			s.purge(tt.dep)
			for i, u := range urls {
				resp := s.get(u)
				if purged := s.rendered() == 1; purged != slices.Contains(tt.want, i) {
					t.Errorf("purge of %s: %s purged: %v, want %v (%s)", tt.dep, u, purged, !purged, resp.Header["Cache-Status"])
				}
			}
		})
	}
}

// A page whose route can't be known is purged with any route.
func TestRouteUnderACopiedRequest(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /blog/{slug}/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "post") })
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.ServerContextKey, nil)))
	})
	s.get("/blog/one/")
	s.purge(cache.Route("GET /blog/{slug}/"), cache.Route(""))
	s.get("/blog/one/")
	if n := s.rendered(); n != 2 {
		t.Errorf("%d renderings, want 2: the route's purge did not reach the page", n)
	}
}

// A fill that began before a purge stores its page after it.
func TestFillRacingAPurge(t *testing.T) {
	version := atomic.Int64{}
	read, goOn := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
		v := version.Load()
		if once.CompareAndSwap(false, true) {
			close(read)
			<-goOn
		}
		_, _ = fmt.Fprint(w, v)
	})
	old := make(chan string)
	go func() { old <- body(t, s.get("/")) }()
	<-read
	version.Store(1)
	s.purge(cache.Path("/"))
	if got := body(t, s.get("/")); got != "1" {
		t.Errorf("while the old page renders: got version %s, want 1", got)
	}
	close(goOn)
	if got := <-old; got != "0" {
		t.Errorf("the request from before the save: got version %s, want 0", got)
	}
	if got := body(t, s.get("/")); got != "1" {
		t.Errorf("after the old page was stored: got version %s, want 1", got)
	}
}

func TestTTL(t *testing.T) {
	for _, ttl := range []time.Duration{0, time.Minute} {
		s := newSite(t, nil, &pagecache.Options{TTL: ttl}, func(w http.ResponseWriter, _ *http.Request) {})
		s.get("/")
		s.get("/")
		if n, want := s.rendered(), map[bool]int{true: 2, false: 1}[ttl == 0]; n != want {
			t.Errorf("TTL %v, handler without a lifetime: %d renderings, want %d", ttl, n, want)
		}
	}
}

func TestSkip(t *testing.T) {
	s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Skip: func(r *http.Request) bool {
		_, err := r.Cookie("session")
		return err == nil
	}}, func(w http.ResponseWriter, _ *http.Request) {})
	s.get("/")
	resp := s.get("/", "Cookie: session=1")
	wantStatus(t, resp, "skipped", "uncache; fwd=bypass; detail=skip")
	if n := s.rendered(); n != 2 {
		t.Errorf("%d renderings, want 2: a skipped request was answered from the store", n)
	}
	s.get("/")
	if n := s.rendered(); n != 0 {
		t.Errorf("%d renderings of a stored page", n)
	}
}

func TestObserve(t *testing.T) {
	var got []string
	s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Observe: func(r *http.Request, o pagecache.Observation) {
		got = append(got, fmt.Sprint(r.Method, o.Hit, o.Forward, o.Detail))
	}}, func(w http.ResponseWriter, _ *http.Request) {})
	s.get("/")
	s.get("/")
	s.purge(cache.Path("/"))
	s.get("/")
	s.do("POST", "/")
	want := []string{"GETfalsemiss", "GETtrue", "GETfalsemisspurged", "POSTfalsemethod"}
	if !slices.Equal(got, want) {
		t.Errorf("observed %q, want %q", got, want)
	}
}

// A purge gives memory back where it can compute the keys.
func TestPurgeDeletes(t *testing.T) {
	b := memory.New(nil)
	defer b.Close()
	builder, err := keys.New("page", &keys.Options{Hosts: []string{"a.example"}})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, b, &pagecache.Options{TTL: time.Minute, Keys: builder}, func(w http.ResponseWriter, _ *http.Request) {})
	s.get("http://a.example/")
	if n := b.Stats().Entries; n != 1 {
		t.Fatalf("%d entries, want 1", n)
	}
	s.purge(cache.Path("/"))
	if n := b.Stats().Entries; n != 0 {
		t.Errorf("%d entries after the purge, want 0", n)
	}
	wantStatus(t, s.get("http://a.example/"), "deleted by a purge", "uncache; fwd=miss; stored; detail=purged")
}

// A URL may be purged as it is written in a link, tracking parameters and all.
func TestPurgeOfAURLWithParametersThatDoNotCount(t *testing.T) {
	builder, err := keys.New("page", &keys.Options{Query: []string{"page"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, uri := range []string{"a.example/?page=2&utm_source=x", "/?page=2&utm_source=x", "a.example/?page=2"} {
		s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Keys: builder}, func(w http.ResponseWriter, _ *http.Request) {})
		s.get("http://a.example/?page=2&utm_source=y")
		s.get("http://a.example/?page=2")
		s.purge(cache.URI(uri))
		s.get("http://a.example/?page=2")
		if n := s.rendered(); n != 2 {
			t.Errorf("purge of %s: %d renderings, want 2", uri, n)
		}
	}
}

// The cache fails, the page does not.
func TestBrokenCache(t *testing.T) {
	down := errors.New("connection refused")
	s := newSite(t, broken{down}, nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
	resp := s.get("/")
	if got := body(t, resp); got != "page" || resp.StatusCode != 200 {
		t.Errorf("got %d %q, want the page", resp.StatusCode, got)
	}
	wantStatus(t, resp, "broken", "uncache; fwd=bypass; detail=cache-unavailable")
	if err := s.pages.Purge(t.Context(), cache.Event{}); !errors.Is(err, down) {
		t.Errorf("Purge: got %v, want %v", err, down)
	}
}

type broken struct{ err error }

func (b broken) Get(context.Context, string) ([]byte, bool, error) { return nil, false, b.err }
func (b broken) Set(context.Context, string, []byte, time.Duration) error {
	return b.err
}
func (b broken) Delete(context.Context, ...string) error                     { return b.err }
func (b broken) Append(context.Context, cache.Event) (cache.Position, error) { return 0, b.err }
func (b broken) Since(context.Context, cache.Position) (cache.Events, error) {
	return cache.Events{}, b.err
}
