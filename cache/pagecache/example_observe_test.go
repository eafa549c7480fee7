package pagecache_test

import (
	"encoding/json"
	"expvar"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
)

// The figures of a cache, beside the memory statistics at /debug/vars: one line.
func ExampleCache_Stats_expvar() {
	pages, end := open(&pagecache.Options{TTL: time.Minute})
	defer end()
	site := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }))

	expvar.Publish("uncache", expvar.Func(func() any { return pages.Stats() }))

	for range 3 {
		ask(site, "/")
	}
	var stats struct {
		Requests json.RawMessage `json:"requests"`
	}
	if err := json.Unmarshal([]byte(expvar.Get("uncache").String()), &stats); err != nil {
		fmt.Println(err)
	}
	fmt.Println(string(stats.Requests))
	// Output:
	// hello | uncache; fwd=miss; stored
	// hello | uncache; hit; ttl=59
	// hello | uncache; hit; ttl=59
	// [{"outcome":"hit","count":2},{"outcome":"miss","count":1}]
}

// Log which routes are not cached, and why: once each.
func ExampleSlogObserver() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "handler" { // these differ each time
				return slog.Attr{}
			}
			return a
		},
	}))
	pages, end := open(&pagecache.Options{TTL: time.Minute, Observe: pagecache.SlogObserver(logger)})
	defer end()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cart/{id}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private")
		fmt.Fprint(w, "a cart")
	})
	site := pages.Handler(mux)

	ask(site, "/cart/1")
	ask(site, "/cart/2")
	// Output:
	// level=INFO msg="cache: responses of this route are not stored" method=GET path=/cart/1 outcome=miss detail=private status=200 bytes=6 pattern="GET /cart/{id}"
	// a cart | uncache; fwd=miss; detail=private
	// a cart | uncache; fwd=miss; detail=private
}
