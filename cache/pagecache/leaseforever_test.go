package pagecache_test

import (
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// Who may wait for ever waits for another process's lease, too.
func TestCollapseTimeoutForEverWithLeases(t *testing.T) {
	for _, d := range []time.Duration{time.Minute, 100 * 365 * 24 * time.Hour, 200 * 365 * 24 * time.Hour, math.MaxInt64 - 1, math.MaxInt64} {
		synctest.Test(t, func(t *testing.T) {
			m := memory.New(nil)
			defer m.Close()
			shared := sharing{Backend: far{m}, leases: &leases{}}
			var renderings atomic.Int64
			var wg sync.WaitGroup
			for range 3 {
				store, err := coherent.New(shared, &coherent.Options{Lease: time.Minute})
				if err != nil {
					t.Fatal(err)
				}
				defer store.Close()
				pages, err := pagecache.New(store, &pagecache.Options{TTL: time.Hour, CollapseTimeout: d})
				if err != nil {
					t.Fatal(err)
				}
				defer pages.Close()
				h := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					renderings.Add(1)
					time.Sleep(10 * time.Second)
					_, _ = io.WriteString(w, "page")
				}))
				wg.Go(func() {
					h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
				})
				synctest.Wait()
			}
			wg.Wait()
			if n := renderings.Load(); n != 1 {
				t.Errorf("%v: rendered by %d of 3 processes, want 1", d, n)
			}
		})
	}
}
