package coherent_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/engine"
)

// A call that leads and is given up says nothing of the value: one waiting request
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

// A flight that was overtaken between Enter and Wait is not waited for.
func TestFlightIsOvertakenBeforeTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, newMemory(t), nil)
		v := engine.NewValues(c.Engine(), bytesCodec{})
		enter := func() (*engine.Flight[[]byte], bool) {
			if _, _, err := v.Get(t.Context(), []byte("k")); err != nil {
				t.Fatal(err)
			}
			return v.Enter("k", 0)
		}
		hangs, leads := enter()
		if !leads {
			t.Fatal("the first request does not lead")
		}
		first, _ := enter()
		second, _ := enter()
		waited, err := first.Wait(t.Context(), time.Time{})
		if err != nil || waited.How != engine.WaitedLead {
			t.Fatalf("got %v, %v; want one more flight", waited.How, err)
		}
		waited.Flight.Finish([]byte("v"), true)
		began := time.Now()
		if now, err := second.Wait(t.Context(), time.Now().Add(time.Minute)); err != nil || now.How != engine.WaitedAgain || time.Since(began) > 0 {
			t.Errorf("got %v, %v after %v; want to look again, at once", now.How, err, time.Since(began))
		}
		hangs.Finish(nil, false)
	})
}
