package coherent_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache/coherent"
)

// A call that leads and is given up says nothing of the value: one of those who wait
// loads next, and not all of them at once.
func TestLoadWhoseCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, newMemory(t), nil)
		ctx, leave := context.WithCancel(t.Context())
		var loads, most, now atomic.Int64
		load := func(ctx context.Context, _ *coherent.Deps) (string, error) {
			loads.Add(1)
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer now.Add(-1)
			select {
			case <-time.After(time.Second):
				return "v", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = coherent.Fetch(ctx, c, "k", time.Hour, load) })
		synctest.Wait()
		for range 50 {
			wg.Go(func() {
				if v, err := coherent.Fetch(t.Context(), c, "k", time.Hour, load); v != "v" || err != nil {
					t.Errorf("got %q, %v", v, err)
				}
			})
		}
		synctest.Wait()
		leave()
		wg.Wait()
		if n := loads.Load(); n != 2 || most.Load() != 1 {
			t.Errorf("%d loads, %d at once; want 2, one after the other", n, most.Load())
		}
	})
}
