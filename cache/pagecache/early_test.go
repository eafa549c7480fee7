package pagecache_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

func TestEarlyRefreshIsChecked(t *testing.T) {
	b := memory.New(nil)
	defer b.Close()
	store, err := coherent.New(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, beta := range []float64{-1, 1001, math.NaN(), math.Inf(1)} {
		if _, err := pagecache.New(store, &pagecache.Options{EarlyRefresh: beta}); !errors.Is(err, pagecache.ErrOptions) {
			t.Errorf("EarlyRefresh %v: got error %v, want ErrOptions", beta, err)
		}
	}
}

// A fleet is several processes' worth of caches over one store, under load.
type fleet struct {
	nodes []http.Handler
	pages []*pagecache.Cache

	fills  atomic.Int64
	waited atomic.Int64 // visitors who did not have their page at once
	hits   atomic.Int64
}

const rendering = 100 * time.Millisecond

// newFleet returns n nodes, for the duration of a bubble. Their page takes a
// while to render.
func newFleet(t *testing.T, n int, opts pagecache.Options, lease time.Duration) *fleet {
	t.Helper()
	m := memory.New(nil)
	t.Cleanup(func() { _ = m.Close() })
	shared := sharing{Backend: far{m}, leases: &leases{}}
	f := &fleet{}
	for range n {
		store, err := coherent.New(shared, &coherent.Options{Lease: lease})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		pages, err := pagecache.New(store, &opts)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pages.Close() })
		f.pages = append(f.pages, pages)
		f.nodes = append(f.nodes, pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(rendering)
			_, _ = fmt.Fprint(w, f.fills.Add(1))
		})))
	}
	return f
}

// visit sends visitors to each node for a time, one every so often.
func (f *fleet) visit(ctx context.Context, d, every time.Duration) {
	var visitors sync.WaitGroup
	for _, node := range f.nodes {
		visitors.Go(func() {
			for end := time.Now().Add(d); time.Now().Before(end); {
				visitors.Go(func() {
					began := time.Now()
					w := httptest.NewRecorder()
					node.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
					f.hits.Add(1)
					if time.Since(began) > 0 {
						f.waited.Add(1)
					}
				})
				time.Sleep(every/2 + rand.N(every))
			}
		})
	}
	visitors.Wait()
}

// With early refreshes next to nobody waits for a page that is asked for often,
// and it is rendered next to as often as it expires; with leases on many nodes,
// too. Run it with -v for the figures of the documentation.
func TestFillsPerExpiry(t *testing.T) {
	const (
		ttl      = 10 * time.Second
		expiries = 5
	)
	for _, tt := range []struct {
		name   string
		nodes  int
		opts   pagecache.Options
		lease  time.Duration
		fills  [2]float64 // per expiry, at least and at most
		waited [2]float64 // visitors per expiry
	}{
		{"none", 1, pagecache.Options{}, 0, [2]float64{0.6, 1.4}, [2]float64{2, 40}},
		{"none", 8, pagecache.Options{}, 0, [2]float64{5, 10}, [2]float64{16, 320}},
		{"none, lease", 8, pagecache.Options{}, time.Second, [2]float64{0.6, 1.4}, [2]float64{16, 320}},
		{"stale-while-revalidate", 1, pagecache.Options{StaleWhileRevalidate: ttl}, 0, [2]float64{0.6, 1.4}, [2]float64{0, 0.5}},
		{"stale-while-revalidate", 8, pagecache.Options{StaleWhileRevalidate: ttl}, 0, [2]float64{5, 10}, [2]float64{0, 2}},
		{"stale-while-revalidate, lease", 8, pagecache.Options{StaleWhileRevalidate: ttl}, time.Second, [2]float64{0.6, 1.4}, [2]float64{0, 2}},
		{"early", 1, pagecache.Options{EarlyRefresh: 1}, 0, [2]float64{0.6, 2}, [2]float64{0, 8}},
		{"early", 8, pagecache.Options{EarlyRefresh: 1}, 0, [2]float64{0.6, 6}, [2]float64{0, 20}},
		{"early, beta 2", 8, pagecache.Options{EarlyRefresh: 2}, 0, [2]float64{0.6, 5}, [2]float64{0, 8}},
		{"early, lease", 8, pagecache.Options{EarlyRefresh: 1}, time.Second, [2]float64{0.6, 2}, [2]float64{0, 20}},
		{"early, beta 2, lease", 8, pagecache.Options{EarlyRefresh: 2}, time.Second, [2]float64{0.6, 2}, [2]float64{0, 8}},
	} {
		t.Run(fmt.Sprintf("%s, %d nodes", tt.name, tt.nodes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.opts.TTL = ttl
				f := newFleet(t, tt.nodes, tt.opts, tt.lease)
				f.visit(t.Context(), time.Second, 10*time.Millisecond)
				f.fills.Store(0)
				f.waited.Store(0)
				f.hits.Store(0)
				f.visit(t.Context(), ttl*expiries, 25*time.Millisecond)
				fills, waited := float64(f.fills.Load())/expiries, float64(f.waited.Load())/expiries
				t.Logf("%.2f fills and %.2f visitors who waited per expiry, of %.0f", fills, waited, float64(f.hits.Load())/expiries)
				if fills < tt.fills[0] || fills > tt.fills[1] {
					t.Errorf("%.2f fills per expiry, want %v", fills, tt.fills)
				}
				if waited < tt.waited[0] || waited > tt.waited[1] {
					t.Errorf("%.2f visitors waited per expiry, want %v", waited, tt.waited)
				}
			})
		})
	}
}

// A soft purge under load: each node renders the page once, and nobody waits;
// with leases one of them does.
func TestFillsPerSoftPurge(t *testing.T) {
	const purges = 40
	for _, tt := range []struct {
		nodes int
		lease time.Duration
		most  float64
	}{{1, 0, 1}, {8, 0, 8}, {8, time.Second, 1}} {
		t.Run(fmt.Sprintf("%d nodes, lease %v", tt.nodes, tt.lease), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t, tt.nodes, pagecache.Options{TTL: time.Hour, StaleWhileRevalidate: time.Hour}, tt.lease)
				f.visit(t.Context(), time.Second, 10*time.Millisecond)
				f.fills.Store(0)
				f.waited.Store(0)
				for range purges {
					e := cache.Event{Dependencies: []cache.Dependency{cache.Path("/")}, Soft: true}
					if err := f.pages[0].Purge(t.Context(), e); err != nil {
						t.Fatal(err)
					}
					f.visit(t.Context(), time.Second, 10*time.Millisecond)
				}
				fills := float64(f.fills.Load()) / purges
				t.Logf("%.2f fills per soft purge, %d visitors waited of %d", fills, f.waited.Load(), f.hits.Load())
				if fills < 1 || fills > tt.most {
					t.Errorf("%.2f fills per soft purge, want 1 to %v", fills, tt.most)
				}
				if n := f.waited.Load(); n > 0 {
					t.Errorf("%d visitors waited, want none", n)
				}
			})
		})
	}
}

// What takes long beside its lifetime is not made in the first half of it.
func TestEarlyRefreshIsNotTooEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil, &pagecache.Options{TTL: 10 * time.Second, EarlyRefresh: 1000}, func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(8 * time.Second)
			_, _ = io.WriteString(w, "page")
		})
		defer s.pages.Close()
		s.get("/")
		s.rendered()
		for range 490 {
			s.get("/")
			time.Sleep(10 * time.Millisecond)
		}
		if got := s.rendered(); got != 0 {
			t.Errorf("%d refreshes in the first half of the lifetime, want none", got)
		}
		for range 499 {
			s.get("/")
			time.Sleep(10 * time.Millisecond)
		}
		if got := s.rendered(); got != 1 {
			t.Errorf("%d refreshes in the second half, want 1", got)
		}
	})
}

// A response that was confirmed is refreshed early too, by how long that took;
// one that was streamed, by how long it took to begin.
func TestEarlyRefreshOfOtherFills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := pagecache.Options{TTL: 100 * time.Second, EarlyRefresh: 1}
		s := newSite(t, nil, &o, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/streamed" {
				w.WriteHeader(200)
				_ = http.NewResponseController(w).Flush()
				time.Sleep(time.Second) // a client who reads slowly
				return
			}
			time.Sleep(time.Second)
			w.Header().Set("Etag", `"v1"`)
			if r.Header.Get("If-None-Match") == `"v1"` {
				w.WriteHeader(http.StatusNotModified)
			}
		})
		defer s.pages.Close()
		s.get("/confirmed")
		time.Sleep(100 * time.Second)
		wantStatus(t, s.get("/confirmed"), "when it is stale", "uncache; fwd=stale; fwd-status=304")
		s.get("/streamed")
		s.rendered()
		time.Sleep(80 * time.Second)
		confirmed, streamed := 0, 0
		for range 1800 {
			s.get("/streamed")
			synctest.Wait()
			streamed += s.rendered()
			s.get("/confirmed")
			synctest.Wait()
			confirmed += s.rendered()
			time.Sleep(10 * time.Millisecond)
		}
		if confirmed != 1 || streamed != 0 {
			t.Errorf("%d early refreshes of the confirmed response, and %d of the streamed; want 1 and 0", confirmed, streamed)
		}
	})
}

// sharing is what processes share: a store, and its leases.
type sharing struct {
	cache.Backend
	*leases
}

// leases are those of a server.
type leases struct {
	mu   sync.Mutex
	held map[string]held
}

type held struct {
	by    string
	until time.Time
}

func (l *leases) Lease(_ context.Context, key, holder string, ttl time.Duration) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h, ok := l.held[key]; ok && time.Now().Before(h.until) {
		return h.by, nil
	}
	if l.held == nil {
		l.held = make(map[string]held)
	}
	l.held[key] = held{holder, time.Now().Add(ttl)}
	return holder, nil
}

func (l *leases) Release(_ context.Context, key, holder string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[key].by == holder {
		delete(l.held, key)
	}
	return nil
}
