//go:build !race

package pagecache_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
)

// A hit as internal/bench measures it, for profiles.
func BenchmarkHit(b *testing.B) {
	s := newSite(b, nil, &pagecache.Options{TTL: time.Hour}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Vary", "Accept-Language")
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Cache-Control", "max-age=3600")
	})
	r := httptest.NewRequest(http.MethodGet, "/blog/hello/", nil)
	for _, name := range []string{"Accept", "Accept-Encoding", "Accept-Language", "Dnt", "Referer", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Upgrade-Insecure-Requests", "User-Agent"} {
		r.Header.Set(name, "something")
	}
	w := discard(make(http.Header, 16))
	for range 2 {
		s.ServeHTTP(w, r)
	}
	b.ReportAllocs()
	for b.Loop() {
		clear(w)
		s.ServeHTTP(w, r)
	}
}

func BenchmarkHitParallel(b *testing.B) {
	s := newSite(b, nil, &pagecache.Options{TTL: time.Hour}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Vary", "Accept-Language")
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Cache-Control", "max-age=3600")
	})
	b.RunParallel(func(pb *testing.PB) {
		r := httptest.NewRequest(http.MethodGet, "/blog/hello/", nil)
		for _, name := range []string{"Accept", "Accept-Encoding", "Accept-Language", "Dnt", "Referer", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Upgrade-Insecure-Requests", "User-Agent"} {
			r.Header.Set(name, "something")
		}
		w := discard(make(http.Header, 16))
		for range 2 {
			s.ServeHTTP(w, r)
		}
		for pb.Next() {
			clear(w)
			s.ServeHTTP(w, r)
		}
	})
}

// A hit with an Observe that logs, in a program that logs from Info on.
func BenchmarkHitObserved(b *testing.B) {
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	s := newSite(b, nil, &pagecache.Options{TTL: time.Hour, Observe: pagecache.SlogObserver(logger)}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Vary", "Accept-Language")
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Cache-Control", "max-age=3600")
	})
	r := httptest.NewRequest(http.MethodGet, "/blog/hello/", nil)
	for _, name := range []string{"Accept", "Accept-Encoding", "Accept-Language", "Dnt", "Referer", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Upgrade-Insecure-Requests", "User-Agent"} {
		r.Header.Set(name, "something")
	}
	w := discard(make(http.Header, 16))
	for range 2 {
		s.ServeHTTP(w, r)
	}
	b.ReportAllocs()
	for b.Loop() {
		clear(w)
		s.ServeHTTP(w, r)
	}
}
