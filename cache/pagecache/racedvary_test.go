package pagecache_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/backend/tiered"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// What selects changes all the time, and each of several processes learns of it
// in its own time: nobody is given a page that was made for other values of the
// fields that it says it varies by.
func TestRacedVary(t *testing.T) {
	fields := []string{"Accept-Language", "Cookie", "X-A"}
	var mode atomic.Int64
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		by := mode.Load()
		time.Sleep(rand.N(time.Millisecond))
		h.Set("Cache-Control", "max-age=1")
		for i, name := range fields {
			if by>>i&1 == 1 {
				h.Add("Vary", name)
				h.Add("X-Saw", name+"="+r.Header.Get(name))
			}
		}
		h.Set("Etag", fmt.Sprintf("%q", h["X-Saw"]))
		if strings.Contains(r.Header.Get("If-None-Match"), h.Get("Etag")) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = fmt.Fprint(w, h["X-Saw"])
	})
	m := memory.New(nil)
	defer m.Close()
	shared := sharing{Backend: far{m}, leases: &leases{}}
	d := 2 * time.Second
	if testing.Short() {
		d = 200 * time.Millisecond
	}
	end := time.Now().Add(d)
	var all sync.WaitGroup
	var hits atomic.Int64
	for n := range 3 {
		near := memory.New(nil)
		defer near.Close()
		b := cache.Backend(m) // the third keeps Go values in the store where the others keep bytes
		if n < 2 {
			var err error
			if b, err = tiered.New(near, shared); err != nil {
				t.Fatal(err)
			}
		}
		store, err := coherent.New(b, &coherent.Options{Lease: 20 * time.Millisecond, Timeout: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		pages, err := pagecache.New(store, &pagecache.Options{EarlyRefresh: 1000, Proxy: &pagecache.Proxy{AllETags: n == 0}, StaleWhileRevalidate: time.Second, Warm: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer pages.Close()
		h := pages.Handler(handler)
		for range 3 {
			all.Go(func() {
				for time.Now().Before(end) {
					r := httptest.NewRequest("GET", fmt.Sprint("/", rand.IntN(3)), nil)
					for _, name := range fields {
						if v := rand.IntN(3); v > 0 {
							r.Header.Set(name, fmt.Sprint(v))
						}
					}
					asked := r.Header.Clone()
					w := httptest.NewRecorder()
					h.ServeHTTP(w, r)
					status := w.Header().Get("Cache-Status")
					if strings.Contains(status, "; hit") {
						hits.Add(1)
					}
					var want []string
					for _, name := range w.Header()["Vary"] {
						want = append(want, name+"="+asked.Get(name))
					}
					if got := w.Body.String(); got != fmt.Sprint(want) {
						t.Errorf("node %d, %v: got %s (%s), which varies by %q", n, asked, got, status, w.Header()["Vary"])
						return
					}
				}
			})
		}
		all.Go(func() {
			for time.Now().Before(end) {
				mode.Store(rand.Int64N(8))
				if rand.IntN(3) == 0 {
					e := cache.Event{Dependencies: []cache.Dependency{cache.Path(fmt.Sprint("/", rand.IntN(3)))}, Soft: rand.IntN(2) == 0}
					if err := pages.Purge(t.Context(), e); err != nil {
						t.Error(err)
					}
				}
				time.Sleep(rand.N(30 * time.Millisecond))
			}
		})
	}
	all.Wait()
	if hits.Load() == 0 {
		t.Error("no hits")
	}
	t.Logf("%d hits", hits.Load())
}
