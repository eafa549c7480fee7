package coherent_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// 200 calls in 8 processes make one load, and wait little longer than it takes.
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

// When a wait ends without a value.
func TestLeaseEndsWithoutValue(t *testing.T) {
	for name, tt := range map[string]struct {
		holder func(t *testing.T, b *leasing, c *coherent.Cache) // it begins at 0 and has the lease for 10s
		after  time.Duration                                     // how long the other process waits
		loads  int64                                             // of the other process
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
					t.Errorf("%d loads by the process that waited, want %d", got, tt.loads)
				}
				// The value loaded after the wait is stored, though it was asked for before
				// the purge.
				if s := stored(t, waiter, "k"); s != "v" {
					t.Errorf("afterwards: got %q, want \"v\"", s)
				}
			})
		})
	}
}

// All processes that waited for a holder without a value make their own values at once.
// They do not wait for each other in turn.
func TestLeaseIsWaitedForOnce(t *testing.T) {
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

// A call whose context ends stops waiting for the lease. Other calls go on.
func TestContextOfAWaitForALease(t *testing.T) {
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
			t.Errorf("the call that waited beside it: got %q, %v; want v", got, err)
		}
	})
}

// A server that refuses leases costs neither a value nor time. Observe is told.
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

// A very long lease is waited for, and does not overflow.
func TestLongLeases(t *testing.T) {
	for _, d := range []time.Duration{math.MaxInt64, math.MaxInt64/2 + 1, 200 * 365 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			b := newLeasing(t)
			var wg sync.WaitGroup
			var loads atomic.Int64
			for range 3 {
				c := process(t, b, d)
				wg.Go(func() {
					_, err := coherent.Fetch(t.Context(), c, "k", time.Hour, func(context.Context, *coherent.Deps) (int, error) {
						loads.Add(1)
						time.Sleep(time.Minute)
						return 1, nil
					})
					if err != nil {
						t.Error(err)
					}
				})
				synctest.Wait()
			}
			wg.Wait()
			if n := loads.Load(); n != 1 {
				t.Errorf("%v: loaded by %d of 3 processes, want 1", d, n)
			}
		})
	}
}
