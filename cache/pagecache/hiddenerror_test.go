package pagecache_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
)

// http.TimeoutHandler drops the second status of a handler that fails half way.
func TestErrorBehindTimeoutHandler(t *testing.T) {
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		plain   bool // no TimeoutHandler
		stored  bool
	}{
		"half a page and an error": {handler: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half of ")
			http.Error(w, "oops", 500)
		}},
		"half an HTML page and an error": {handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(200)
			_, _ = io.WriteString(w, "half of ")
			http.Error(w, "oops", 500)
		}},
		"a whole page": {stored: true, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Content-Type-Options", "nosniff")
			_, _ = io.WriteString(w, "page")
		}},
		"a text": {stored: true, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = io.WriteString(w, "page")
		}},
		"not found": {stored: true, handler: http.NotFound},
		"a text that is not to be sniffed": {stored: true, plain: true, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = io.WriteString(w, "page")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Handler(tt.handler)
			if !tt.plain {
				h = http.TimeoutHandler(h, time.Minute, "late")
			}
			s := newSite(t, nil, &pagecache.Options{TTL: time.Minute}, h.ServeHTTP)
			s.get("/")
			s.get("/")
			if n := s.rendered(); (n == 1) != tt.stored {
				t.Errorf("rendered %d times for 2 visitors, stored: %v, want %v", n, n == 1, tt.stored)
			}
		})
	}
}
