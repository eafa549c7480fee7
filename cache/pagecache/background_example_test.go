package pagecache_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// After a purge the page is rendered in the background, and the next visitor
// finds it.
func ExampleOptions_warm() {
	backend := memory.New(nil)
	defer backend.Close()
	store, err := coherent.New(backend, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	pages, err := pagecache.New(store, &pagecache.Options{TTL: 10 * time.Minute, Warm: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pages.Close()

	var title atomic.Value
	title.Store("Hello")
	warmed := make(chan bool, 1)
	site := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, title.Load())
		if pagecache.Warming(r.Context()) {
			warmed <- true
		}
	}))
	get := func() {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", "/blog/hello/", nil))
		fmt.Println(w.Body)
	}

	get()
	title.Store("Hello, world")
	_ = pages.Purge(context.Background(), cache.Event{
		Dependencies: []cache.Dependency{cache.Path("/blog/hello/")},
	})
	fmt.Println("warmed:", <-warmed)
	get()
	// Output:
	// Hello
	// warmed: true
	// Hello, world
}

// While visitors come, a page is made anew before it expires, by chance, and
// nobody waits for that.
func ExampleOptions_earlyRefresh() {
	backend := memory.New(nil)
	defer backend.Close()
	store, err := coherent.New(backend, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	pages, err := pagecache.New(store, &pagecache.Options{TTL: time.Second, EarlyRefresh: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pages.Close()

	var renderings atomic.Int64
	site := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(50 * time.Millisecond) // the handler reads its database
		_, _ = fmt.Fprint(w, "rendering ", renderings.Add(1))
	}))
	for {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Body.String() == "rendering 2" {
			fmt.Println(w.Body)
			return
		}
		time.Sleep(time.Millisecond)
	}
	// Output:
	// rendering 2
}
