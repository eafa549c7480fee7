package coherent_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/engine"
)

// leasing is a store that processes share, with leases, of which each call may
// be made to fail.
type leasing struct {
	cache.Backend
	mu    sync.Mutex
	held  map[string]lease
	fail  error
	calls atomic.Int64
}

type lease struct {
	holder string
	until  time.Time
}

func newLeasing(t *testing.T) *leasing {
	m := memory.New(nil)
	t.Cleanup(func() { _ = m.Close() })
	return &leasing{Backend: struct{ cache.Backend }{m}, held: map[string]lease{}}
}

func (l *leasing) Lease(_ context.Context, key, holder string, ttl time.Duration) (string, error) {
	l.calls.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return "", l.fail
	}
	if had, ok := l.held[key]; ok && time.Now().Before(had.until) {
		return had.holder, nil
	}
	l.held[key] = lease{holder, time.Now().Add(ttl)}
	return holder, nil
}

func (l *leasing) Release(_ context.Context, key, holder string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[key].holder == holder {
		delete(l.held, key)
	}
	return l.fail
}

func (l *leasing) leases() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.held)
}

// process returns a Cache over b, as each of several processes has one.
func process(t *testing.T, b cache.Backend, ttl time.Duration) *coherent.Cache {
	t.Helper()
	c, err := coherent.New(b, &coherent.Options{Lease: ttl})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestLeaseIsChecked(t *testing.T) {
	for _, d := range []time.Duration{-1, time.Millisecond - 1} {
		if _, err := coherent.New(newLeasing(t), &coherent.Options{Lease: d}); !errors.Is(err, coherent.ErrOptions) {
			t.Errorf("Lease %v: got error %v, want ErrOptions", d, err)
		}
	}
}

// fetchAll fetches one key with each of many callers of each process, and returns
// how long that took.
func fetchAll(t *testing.T, processes []*coherent.Cache, load func(context.Context, *coherent.Deps) (string, error)) time.Duration {
	t.Helper()
	began := time.Now()
	var callers sync.WaitGroup
	for _, c := range processes {
		for range 25 {
			callers.Go(func() {
				if got, err := coherent.Fetch(t.Context(), c, "k", time.Hour, load); err != nil || got != "v" {
					t.Errorf("Fetch: got %q, %v; want v", got, err)
				}
			})
		}
	}
	callers.Wait()
	return time.Since(began)
}

// 8 processes, 200 calls: one load, and nobody waits much longer than it takes.
func TestLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLeasing(t)
		var processes []*coherent.Cache
		for range 8 {
			processes = append(processes, process(t, b, 10*time.Second))
		}
		var loads atomic.Int64
		took := fetchAll(t, processes, func(context.Context, *coherent.Deps) (string, error) {
			loads.Add(1)
			time.Sleep(time.Second)
			return "v", nil
		})
		if loads.Load() != 1 {
			t.Errorf("%d loads, want 1", loads.Load())
		}
		if took > 1200*time.Millisecond {
			t.Errorf("the last caller waited %v for a load of 1s", took)
		}
		if n := b.calls.Load(); n > 8*60 {
			t.Errorf("%d calls for a lease by 8 processes, want some fifty each", n)
		}
		synctest.Wait()
		if n := b.leases(); n != 0 {
			t.Errorf("%d leases are left, want none", n)
		}
		b.calls.Store(0)
		fetchAll(t, processes, nil)
		if n := b.calls.Load(); n != 0 {
			t.Errorf("hits asked for a lease %d times, want never", n)
		}
	})
}

// What ends the waiting without a value, and when.
func TestLeaseEndsWithoutValue(t *testing.T) {
	for name, tt := range map[string]struct {
		holder func(t *testing.T, b *leasing, c *coherent.Cache) // begins at 0, has the lease for 10s
		after  time.Duration                                     // when the one who waits begins
		loads  int64                                             // those of the one who waits
	}{
		"the holder died": {func(t *testing.T, b *leasing, _ *coherent.Cache) {
			_, _ = b.Lease(t.Context(), "value:k", "the dead", 10*time.Second)
		}, 10 * time.Second, 1},
		"the server's clock stands still": {func(t *testing.T, b *leasing, _ *coherent.Cache) {
			_, _ = b.Lease(t.Context(), "value:k", "the dead", time.Hour)
		}, 10 * time.Second, 1},
		"the holder is slow": {func(t *testing.T, b *leasing, c *coherent.Cache) {
			_, _ = coherent.Fetch(t.Context(), c, "k", time.Hour, func(context.Context, *coherent.Deps) (string, error) {
				time.Sleep(time.Minute)
				return "late", nil
			})
		}, 10 * time.Second, 1},
		"the load failed": {func(t *testing.T, b *leasing, c *coherent.Cache) {
			_, _ = coherent.Fetch(t.Context(), c, "k", time.Hour, func(context.Context, *coherent.Deps) (string, error) {
				time.Sleep(time.Second)
				return "", errors.New("no")
			})
		}, time.Second, 1},
		"the value was purged": {func(t *testing.T, b *leasing, c *coherent.Cache) {
			_, _ = coherent.Fetch(t.Context(), c, "k", time.Hour, func(_ context.Context, deps *coherent.Deps) (string, error) {
				deps.AddGroups("g")
				time.Sleep(time.Second)
				if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Group("g")}}); err != nil {
					t.Error(err)
				}
				return "old", nil
			})
		}, time.Second, 1},
		"the value is there": {func(t *testing.T, b *leasing, c *coherent.Cache) {
			_, _ = coherent.Fetch(t.Context(), c, "k", time.Hour, func(context.Context, *coherent.Deps) (string, error) {
				time.Sleep(time.Second)
				return "v", nil
			})
		}, time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newLeasing(t)
				holder, waiter := process(t, b, 10*time.Second), process(t, b, 10*time.Second)
				var wg sync.WaitGroup
				defer wg.Wait()
				wg.Go(func() { tt.holder(t, b, holder) })
				synctest.Wait()
				var loads atomic.Int64
				took := fetchAll(t, []*coherent.Cache{waiter}, func(_ context.Context, deps *coherent.Deps) (string, error) {
					loads.Add(1)
					deps.AddGroups("g")
					return "v", nil
				})
				if took < tt.after || took > tt.after+150*time.Millisecond {
					t.Errorf("waited %v, want %v", took, tt.after)
				}
				if got := loads.Load(); got != tt.loads {
					t.Errorf("%d loads by who waited, want %d", got, tt.loads)
				}
				// What was loaded after a wait is stored, though it was asked for
				// before the purge.
				if s, verdict := get(t, waiter, "k"); verdict != engine.Fresh || s != `"v"` {
					t.Errorf("afterwards: got %s, %v; want \"v\", fresh", s, verdict)
				}
			})
		})
	}
}

// Everybody who has waited for a holder that brought nothing makes his own, at
// once: not one after another, each waiting for the next.
func TestLeaseOneWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLeasing(t)
		var wg sync.WaitGroup
		began := time.Now()
		for i := range 8 {
			c := process(t, b, time.Minute)
			wg.Go(func() {
				_, _ = coherent.Fetch(t.Context(), c, "k", time.Hour, func(context.Context, *coherent.Deps) (string, error) {
					time.Sleep(time.Second)
					return "", errors.New("no")
				})
				if d := time.Since(began); d > 2500*time.Millisecond {
					t.Errorf("process %d: waited %v, want one load of 1s and its own", i, d)
				}
			})
		}
		wg.Wait()
	})
}

// get says what is stored by a Fetch.
func get(t *testing.T, c *coherent.Cache, key string) (string, engine.Verdict) {
	t.Helper()
	got, err := coherent.Fetch(t.Context(), c, key, time.Hour, func(context.Context, *coherent.Deps) (string, error) {
		return "", errors.New("not stored")
	})
	if err != nil {
		return err.Error(), engine.Absent
	}
	return fmt.Sprintf("%q", got), engine.Fresh
}

// A caller who gives up does not wait for the lease, and is nobody else's
// failure.
func TestLeaseContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLeasing(t)
		c := process(t, b, 10*time.Second)
		_, _ = b.Lease(t.Context(), "value:k", "another", 10*time.Second)
		gone := errors.New("gone")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, gone)
		defer cancel()
		load := func(context.Context, *coherent.Deps) (string, error) { return "v", nil }
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() {
			began := time.Now()
			if _, err := coherent.Fetch(ctx, c, "k", time.Hour, load); !errors.Is(err, gone) {
				t.Errorf("got error %v, want that of the context", err)
			}
			if d := time.Since(began); d != time.Second {
				t.Errorf("waited %v, want 1s", d)
			}
		})
		synctest.Wait()
		if got, err := coherent.Fetch(t.Context(), c, "k", time.Hour, load); got != "v" || err != nil {
			t.Errorf("who waited beside it: got %q, %v; want v", got, err)
		}
	})
}

// A server that refuses leases costs nobody his value, nor time; Observe is told.
func TestLeaseFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLeasing(t)
		b.fail = errors.New("OOM")
		var told atomic.Int64
		c, err := coherent.New(b, &coherent.Options{Lease: time.Minute, Observe: func(o coherent.Observation) {
			if o.Op == coherent.OpLease && o.Key == "value:k" && strings.Contains(fmt.Sprint(o.Err), "OOM") {
				told.Add(1)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		load := func(context.Context, *coherent.Deps) (string, error) { return "v", nil }
		if took := fetchAll(t, []*coherent.Cache{c}, load); took != 0 {
			t.Errorf("waited %v, want not at all", took)
		}
		if told.Load() == 0 {
			t.Error("Observe was not told")
		}
	})
}
