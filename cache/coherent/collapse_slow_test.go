package coherent_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// When a load hangs, one of the waiting calls loads, too, and one more after each interval.
// All of them return the first value.
func TestLoadThatHangs(t *testing.T) {
	for name, tt := range map[string]struct {
		took time.Duration // what the load took last time
		opts coherent.Options
		want []time.Duration // when loads begin
	}{
		"known":   {time.Second, coherent.Options{}, []time.Duration{0, 2 * time.Second, 6 * time.Second}},
		"unknown": {0, coherent.Options{}, []time.Duration{0, 5 * time.Second}},
		"patient": {0, coherent.Options{CollapseTimeout: time.Minute}, []time.Duration{0, 30 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCache(t, newMemory(t), &tt.opts)
				if tt.took > 0 {
					_, err := coherent.Fetch(t.Context(), c, "k", time.Second, func(context.Context, *coherent.Deps) (string, error) {
						time.Sleep(tt.took)
						return "first", nil
					})
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Hour)
				}
				hang := make(chan struct{})
				var mu sync.Mutex
				var at []time.Duration
				start := time.Now()
				var wg sync.WaitGroup
				var ended atomic.Int64
				for range 20 {
					wg.Go(func() {
						_, err := coherent.Fetch(t.Context(), c, "k", time.Hour, func(context.Context, *coherent.Deps) (string, error) {
							mu.Lock()
							at = append(at, time.Since(start))
							last := len(at) == len(tt.want)
							mu.Unlock()
							if !last {
								<-hang
							}
							return "v", nil
						})
						if err != nil {
							t.Error(err)
						}
						ended.Add(1)
					})
				}
				time.Sleep(tt.want[len(tt.want)-1])
				synctest.Wait()
				if got, want := ended.Load(), int64(20-len(tt.want)+1); got != want {
					t.Errorf("%d calls have ended, want %d", got, want)
				}
				close(hang)
				wg.Wait()
				if !slices.Equal(at, tt.want) {
					t.Errorf("loads began after %v, want %v", at, tt.want)
				}
			})
		})
	}
}

// CollapseTimeout ends the wait for loads that hang.
func TestCollapseTimeoutOfFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, newMemory(t), &coherent.Options{CollapseTimeout: time.Second})
		hang := make(chan struct{})
		var loads atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, _ = coherent.Fetch(t.Context(), c, "k", time.Hour, func(context.Context, *coherent.Deps) (string, error) {
					loads.Add(1)
					<-hang
					return "v", nil
				})
			})
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := loads.Load(); n != 20 {
			t.Errorf("%d calls load after a second, want all 20", n)
		}
		close(hang)
		wg.Wait()
	})
}

// Calls wait, leave, lead and fail while values are purged. None is given a value older
// than its beginning, and each returns.
func TestCollapseUnderPurges(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dice := rand.New(rand.NewPCG(seed, 1))
				var opts coherent.Options
				b := cache.Backend(newMemory(t))
				if seed%3 == 0 {
					b, opts.Lease = newLeasing(t), time.Second
				}
				c := newCache(t, b, &opts)
				var row atomic.Int64
				var wg sync.WaitGroup
				for range 300 {
					time.Sleep(time.Duration(dice.IntN(60)) * time.Millisecond)
					if dice.IntN(12) == 0 {
						row.Add(1)
						if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{group()}, Soft: dice.IntN(3) == 0}); err != nil {
							t.Fatal(err)
						}
					}
					late, fails, takes, stays := dice.IntN(2) == 0, dice.IntN(10) == 0, dice.IntN(1500), dice.IntN(4000)+1
					if dice.IntN(10) == 0 {
						takes = 8000
					}
					before := row.Load()
					wg.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), time.Duration(stays)*time.Millisecond)
						defer cancel()
						got, err := coherent.Fetch(ctx, c, "k", 300*time.Millisecond, func(_ context.Context, deps *coherent.Deps) (int64, error) {
							if !late {
								deps.Add(group())
							}
							v := row.Load()
							time.Sleep(time.Duration(takes) * time.Millisecond)
							deps.Add(group())
							if fails {
								return 0, context.Canceled
							}
							return v, nil
						})
						if err == nil && got < before {
							t.Errorf("a call that began when the row was %d was given %d", before, got)
						}
					})
				}
				wg.Wait() // no call waits for ever
				if got, err := coherent.Fetch(t.Context(), c, "k", time.Hour, func(_ context.Context, deps *coherent.Deps) (int64, error) {
					return row.Load(), nil
				}); err != nil || got != row.Load() {
					t.Errorf("afterwards: got %d, %v; want %d", got, err, row.Load())
				}
			})
		})
	}
}
