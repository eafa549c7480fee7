package pagecache_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/backend/tiered"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// A page that has expired is made once among processes, although each has kept
// the expired one near.
func TestLeaseWithNearTiers(t *testing.T) {
	for name, opts := range map[string]pagecache.Options{
		"none":                   {},
		"validated":              {KeepStale: time.Hour},
		"stale-while-revalidate": {StaleWhileRevalidate: time.Hour},
		"early":                  {EarlyRefresh: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New(nil)
				t.Cleanup(func() { _ = m.Close() })
				shared := sharing{Backend: far{m}, leases: &leases{}}
				f := &fleet{}
				for range 8 {
					near := memory.New(nil)
					t.Cleanup(func() { _ = near.Close() })
					b, err := tiered.New(near, shared)
					if err != nil {
						t.Fatal(err)
					}
					store, err := coherent.New(b, &coherent.Options{Lease: time.Second})
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { _ = store.Close() })
					o := opts
					o.TTL = 10 * time.Second
					pages, err := pagecache.New(store, &o)
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { _ = pages.Close() })
					f.nodes = append(f.nodes, pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						time.Sleep(rendering)
						n := f.fills.Add(1)
						if opts.KeepStale > 0 {
							w.Header().Set("Etag", fmt.Sprintf(`"%d"`, n))
						}
						_, _ = fmt.Fprint(w, n)
					})))
				}
				const expiries = 5
				f.visit(t.Context(), expiries*10*time.Second, 20*time.Millisecond)
				if per := float64(f.fills.Load()) / expiries; per > 2 {
					t.Errorf("%v fills per expiry by 8 processes, want some 1", per)
				}
			})
		})
	}
}
