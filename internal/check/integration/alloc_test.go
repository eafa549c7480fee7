//go:build !race

// The race detector allocates, too: make test runs this file without it.

package integration_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache/pagecache"
)

// A hit in memory allocates at most twice, the header map excepted, which is
// the server's.
func TestAllocationsOfAHit(t *testing.T) {
	c, _ := pages(t, inMemory(t, nil))
	body := strings.Repeat("x", 4<<10)
	h := c.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/varying" {
			w.Header().Set("Vary", "Accept-Language")
		}
		pagecache.AddGroups(r.Context(), "group")
		io.WriteString(w, body)
	}))
	for _, path := range []string{"/", "/varying", "/blog/?page=2&sort=new"} {
		t.Run(path, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "http://example.com"+path, nil)
			r.Header.Set("Accept-Language", "en")
			w := &discard{make(http.Header)}
			h.ServeHTTP(w, r)
			got := testing.AllocsPerRun(1000, func() {
				clear(w.header)
				h.ServeHTTP(w, r)
			})
			if s := w.header.Get("Cache-Status"); !strings.Contains(s, "hit") {
				t.Fatalf("GET %s: got %q, want a hit", path, s)
			}
			if got > 2 {
				t.Errorf("a hit of %s allocates %v times, want 2 at most", path, got)
			}
			t.Logf("a hit of %s allocates %v times", path, got)
		})
	}
}
