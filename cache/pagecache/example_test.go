package pagecache_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// A page is rendered once, until what it was made from is purged.
func Example() {
	backend := memory.New(nil)
	defer backend.Close()
	pages, err := pagecache.Open(backend, &pagecache.Options{TTL: 10 * time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pages.Close()

	title := "Hello"
	mux := http.NewServeMux()
	mux.HandleFunc("GET /blog/{slug}/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, title)
	})
	site := pages.Handler(mux)
	get := func() {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", "/blog/hello/", nil))
		fmt.Println(w.Body, "|", w.Header().Get("Cache-Status"))
	}

	get()
	get()
	title = "Hello, world"
	_ = pages.Purge(context.Background(), cache.Event{
		Dependencies: []cache.Dependency{cache.Path("/blog/hello/")},
	})
	get()
	get()
	// Output:
	// Hello | uncache; fwd=miss; stored
	// Hello | uncache; hit; ttl=599
	// Hello, world | uncache; fwd=miss; stored; detail=purged
	// Hello, world | uncache; hit; ttl=599
}

// A page may name what it was made from after it has read it.
func ExampleAddGroups() {
	backend := memory.New(nil)
	defer backend.Close()
	pages, err := pagecache.Open(backend, &pagecache.Options{TTL: 10 * time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pages.Close()

	site := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		author := "ada" // as the post that was read says
		pagecache.AddGroups(r.Context(), "author:"+author)
		_, _ = io.WriteString(w, "by "+author)
	}))
	get := func() {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", "/blog/hello/", nil))
		fmt.Println(w.Header().Get("Cache-Status"))
	}

	get()
	_ = pages.Purge(context.Background(), cache.Event{
		Dependencies: []cache.Dependency{cache.Group("author:ada")},
	})
	get()
	// Output:
	// uncache; fwd=miss; stored
	// uncache; fwd=miss; stored; detail=purged
}

// What a person types into a form is purged in any spelling, and what is no page
// of the site is an error.
func ExampleCache_PurgeURL() {
	backend := memory.New(nil)
	defer backend.Close()
	pages, err := pagecache.Open(backend, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pages.Close()

	err = pages.PurgeURL(context.Background(), "https://Example.com/blog/café/?page=2")
	fmt.Println(err)
	err = pages.PurgeURL(context.Background(), "/blog/*")
	fmt.Println(errors.Is(err, pagecache.ErrDependency))
	// Output:
	// <nil>
	// true
}

// A coherent cache of one's own may hold values beside the pages. One purge reaches
// both.
func ExampleNew() {
	backend := memory.New(nil)
	defer backend.Close()
	store, err := coherent.New(backend, &coherent.Options{MaxStale: 50 * time.Millisecond})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	pages, err := pagecache.New(store, &pagecache.Options{TTL: 10 * time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pages.Close()

	load := func(ctx context.Context, deps *coherent.Deps) (string, error) {
		deps.Add(cache.Group("menu"))
		return "home, blog", nil
	}
	site := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		menu, err := coherent.Fetch(r.Context(), store, "menu", time.Hour, load)
		fmt.Fprint(w, menu, err)
	}))
	for range 2 {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		fmt.Println(w.Header().Get("Cache-Status"))
		_ = pages.Purge(context.Background(), cache.Event{Dependencies: []cache.Dependency{cache.Group("menu")}})
	}
	// Output:
	// uncache; fwd=miss; stored
	// uncache; fwd=miss; stored; detail=purged
}
