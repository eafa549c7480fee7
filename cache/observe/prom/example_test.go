package prom_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/observe/prom"
	"github.com/uncache/uncache/cache/pagecache"
)

func Example() {
	backend := memory.New(nil)
	defer backend.Close()
	pages, err := pagecache.Open(backend, &pagecache.Options{TTL: time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pages.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /blog/{slug}/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a post") })
	site := pages.Handler(mux)

	collector, err := prom.New(&prom.Options{Pages: pages})
	if err != nil {
		fmt.Println(err)
		return
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector)
	metrics := promhttp.HandlerFor(registry, promhttp.HandlerOpts{}) // mount it where Prometheus asks

	for range 3 {
		site.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/blog/hello/", nil))
	}
	w := httptest.NewRecorder()
	metrics.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "uncache_route_requests_total") {
			fmt.Print(line)
		}
	}
	// Output:
	// uncache_route_requests_total{outcome="hit",route="GET /blog/{slug}/"} 2
	// uncache_route_requests_total{outcome="miss",route="GET /blog/{slug}/"} 1
}
