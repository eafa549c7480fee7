package pagecache_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

// open returns a cache over a memory, and what ends both.
func open(opts *pagecache.Options) (*pagecache.Cache, func()) {
	backend := memory.New(nil)
	pages, err := pagecache.Open(backend, opts)
	if err != nil {
		panic(err)
	}
	return pages, func() { _ = pages.Close(); _ = backend.Close() }
}

// ask prints the body of a page, and what the cache did for it.
func ask(h http.Handler, target string, header ...string) {
	r := httptest.NewRequest("GET", target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Body, "|", w.Header().Get("Cache-Status"))
}

// The usual case: a backend, and how long pages are fresh.
func ExampleOpen() {
	backend := memory.New(nil)
	defer backend.Close()
	pages, err := pagecache.Open(backend, &pagecache.Options{TTL: time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pages.Close()
	site := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }))
	ask(site, "/")
	ask(site, "/")
	// Output:
	// hello | uncache; fwd=miss; stored
	// hello | uncache; hit; ttl=59
}

// A prefix purges a subtree with one event, however many pages it has.
func ExampleCache_Purge_prefix() {
	pages, end := open(&pagecache.Options{TTL: time.Minute})
	defer end()
	site := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) }))
	for _, path := range []string{"/docs/a/", "/docs/b/c/", "/blog/"} {
		ask(site, path)
	}
	err := pages.Purge(context.Background(), cache.Event{
		Dependencies: []cache.Dependency{cache.Prefix("/docs/")},
		Reason:       "the documentation was generated anew",
	})
	fmt.Println(err)
	for _, path := range []string{"/docs/a/", "/docs/b/c/", "/blog/"} {
		ask(site, path)
	}
	// Output:
	// /docs/a/ | uncache; fwd=miss; stored
	// /docs/b/c/ | uncache; fwd=miss; stored
	// /blog/ | uncache; fwd=miss; stored
	// <nil>
	// /docs/a/ | uncache; fwd=miss; stored; detail=purged
	// /docs/b/c/ | uncache; fwd=miss; stored; detail=purged
	// /blog/ | uncache; hit; ttl=59
}

// A soft purge makes pages stale. With StaleWhileRevalidate a visitor is given the old
// page at once, while its successor is rendered.
func ExampleCache_Purge_soft() {
	pages, end := open(&pagecache.Options{TTL: time.Minute, StaleWhileRevalidate: time.Minute})
	defer end()
	title, rendered := "old", make(chan struct{}, 2)
	site := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, title)
		rendered <- struct{}{}
	}))
	ask(site, "/")
	<-rendered
	title = "new"
	err := pages.Purge(context.Background(), cache.Event{Dependencies: []cache.Dependency{cache.Path("/")}, Soft: true})
	fmt.Println(err)
	ask(site, "/")
	<-rendered // in the background
	// Output:
	// old | uncache; fwd=miss; stored
	// <nil>
	// old | uncache; hit; ttl=59; detail=soft-purged
}

// A third party's store needs three methods. Its log may be that of a memory, if one
// process uses the store.
func ExampleOpen_store() {
	log := memory.New(nil)
	defer log.Close()
	pages, err := pagecache.Open(cache.Join(&mapStore{values: make(map[string][]byte)}, log), &pagecache.Options{TTL: time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pages.Close()
	site := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }))
	ask(site, "/")
	ask(site, "/")
	// Output:
	// hello | uncache; fwd=miss; stored
	// hello | uncache; hit; ttl=59
}

// mapStore is a cache.Cache that forgets nothing.
type mapStore struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (s *mapStore) Get(_ context.Context, key string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok := s.values[key]
	return value, ok, nil
}

func (s *mapStore) Set(_ context.Context, key string, value []byte, _ time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[key] = append([]byte(nil), value...)
	return nil
}

func (s *mapStore) Delete(_ context.Context, keys ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		delete(s.values, key)
	}
	return nil
}

// Requests with a session cookie are neither answered from the pages of strangers nor
// stored.
func ExampleOptions_sessionCookies() {
	pages, end := open(&pagecache.Options{TTL: time.Minute, SessionCookies: []string{"session"}})
	defer end()
	site := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := "stranger"
		if c, err := r.Cookie("session"); err == nil {
			name = c.Value
		}
		fmt.Fprint(w, "hello, ", name)
	}))
	ask(site, "/")
	ask(site, "/")
	ask(site, "/", "Cookie", "session=alice")
	ask(site, "/")
	// Output:
	// hello, stranger | uncache; fwd=miss; stored
	// hello, stranger | uncache; hit; ttl=59
	// hello, alice | uncache; fwd=request; detail=session-cookie
	// hello, stranger | uncache; hit; ttl=59
}

// A language in front of the path: each has its own pages, and a purge of the path that
// the handler knows reaches all.
func ExampleCache_Handler_language() {
	pages, end := open(&pagecache.Options{TTL: time.Minute})
	defer end()
	site := http.NewServeMux()
	blog := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Context().Value(language{}), " ", r.URL.Path)
	}))
	for _, l := range []string{"de", "en"} {
		site.Handle("/"+l+"/", http.StripPrefix("/"+l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			blog.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), language{}, l)))
		})))
	}
	ask(site, "/de/blog/")
	ask(site, "/en/blog/")
	fmt.Println(pages.Purge(context.Background(), cache.Event{Dependencies: []cache.Dependency{cache.Path("/blog/")}}))
	ask(site, "/de/blog/")
	ask(site, "/en/blog/")
	// Output:
	// de /blog/ | uncache; fwd=miss; stored
	// en /blog/ | uncache; fwd=miss; stored
	// <nil>
	// de /blog/ | uncache; fwd=miss; stored; detail=purged
	// en /blog/ | uncache; fwd=miss; stored; detail=purged
}

type language struct{}

// A cache in front of another server. examples/proxy is a whole one.
func ExampleProxy() {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		fmt.Fprint(w, "from the origin")
	}))
	defer origin.Close()
	target, err := url.Parse(origin.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	pages, end := open(&pagecache.Options{Proxy: &pagecache.Proxy{Transparent: true}})
	defer end()
	site := pages.Handler(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }})
	ask(site, "/")
	ask(site, "/")
	// Output:
	// from the origin | uncache; fwd=miss; stored
	// from the origin | uncache; hit; ttl=59
}

// Explain says why a page is not cached, and who purged it.
func ExampleCache_Explain() {
	pages, end := open(&pagecache.Options{TTL: time.Minute})
	defer end()
	site := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pagecache.AddGroups(r.Context(), "author:ada")
		if r.URL.Path == "/cart" {
			w.Header().Set("Cache-Control", "private")
		}
	}))
	ctx := context.Background()
	explain := func(target string) pagecache.Explanation {
		x, err := pages.Explain(ctx, httptest.NewRequest("GET", target, nil))
		if err != nil {
			fmt.Println(err)
		}
		return x
	}

	site.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/cart", nil))
	fmt.Println(explain("/cart").Reason)

	site.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/blog/hello/", nil))
	_ = pages.Purge(ctx, cache.Event{
		Dependencies: []cache.Dependency{cache.Group("author:ada")},
		Reason:       "blog.Author ada saved",
		Origin:       "web-1",
	})
	x := explain("/blog/hello/")
	fmt.Println(x.Status, "|", x.Purge.Reason, "|", x.Purge.Origin, "|", x.Purge.Dependencies)
	// Output:
	// private
	// fwd=miss; detail=purged | blog.Author ada saved | web-1 | [group:author:ada]
}
