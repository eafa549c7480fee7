//go:build !race

// The race detector takes memory, too.

package pagecache_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/pagecache"
)

func heapInUse() (bytes, objects int64) {
	runtime.GC()
	runtime.GC() // what finalizers and pools held on to
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(m.HeapObjects)
}

// What is stored takes no more memory than the store counts, with all that leads to it.
func TestFootprint(t *testing.T) {
	const n, hits = 20_000, 3
	for _, tt := range []struct {
		vary, path string
		objects    float64 // of a page, at most
	}{
		{"", "/blog/a-post-with-a-title-%06d/", 7},
		{"Accept-Language", "/blog/a-post-with-a-title-%06d/", 9 + 2*float64(1<<14)/n}, // and what the memo has
		{"", "/блог/%06d/", 8},                                                         // the key is escaped, so its lead has a text of its own
	} {
		t.Run(tt.vary+tt.path, func(t *testing.T) {
			m := memory.New(nil)
			t.Cleanup(func() { _ = m.Close() })
			body := make([]byte, 500)
			s := newSite(t, m, &pagecache.Options{TTL: time.Hour}, func(w http.ResponseWriter, _ *http.Request) {
				if tt.vary != "" {
					w.Header().Set("Vary", tt.vary)
				}
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = w.Write(body)
			})
			w := discard{}
			get := func(i int) {
				r := httptest.NewRequest(http.MethodGet, fmt.Sprintf(tt.path, i), nil)
				r.Header.Set("Accept-Language", "en")
				clear(w)
				s.ServeHTTP(w, r)
			}
			for range hits { // shapes, phrases and pools
				get(0)
			}
			bytes, objects := heapInUse()
			before := m.Stats().Bytes
			for i := range n {
				for range hits {
					get(i)
				}
			}
			bytesNow, objectsNow := heapInUse()
			took, counted := (bytesNow-bytes)/n, (m.Stats().Bytes-before)/n
			each := float64(objectsNow-objects) / n
			t.Logf("a page takes %d bytes in %.1f objects, and counts %d", took, each, counted)
			if took > counted {
				t.Errorf("a page takes %d bytes, and counts %d", took, counted)
			}
			if each > tt.objects {
				t.Errorf("a page takes %.1f objects, want %.1f at most", each, tt.objects)
			}
			runtime.KeepAlive(s)
		})
	}
}
