package coherent_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/enginetest"
)

// In an outage the first visitor waits, and no other does. A purge by another process
// meanwhile counts.
func TestBreaker(t *testing.T) {
	for name, tt := range map[string]struct {
		away func(context.Context) error
		wait time.Duration // of the first
	}{
		"hangs":   {enginetest.Hang, budget},
		"refuses": {enginetest.Refuse, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newSwitched(t)
				var seen notebook
				here := newCache(t, p, &coherent.Options{Observe: seen.note})
				there := newCache(t, p.Backend, nil)
				r := &row{v: 1}
				visit(t, here, r, 1, 0, "a fill")

				time.Sleep(time.Second)
				p.GoAway(tt.away)
				r.write(2)
				if name == "refuses" { // a store that refuses is a miss; the log decides
					p.OnGet = nil
				}
				visit(t, here, r, 2, tt.wait, "the first of the outage")
				time.Sleep(budget) // the breaker is open; Observe is told after the first question fails
				synctest.Wait()
				before := p.ByVisitor.Load()
				all := p.All.Load()
				for range 1000 {
					visit(t, here, r, 2, 0, "in the outage")
				}
				if n := p.ByVisitor.Load() - before; n != 0 {
					t.Errorf("1000 visits in an outage asked the backend %d times, want 0", n)
				}
				time.Sleep(10 * time.Second)
				if n := p.All.Load() - all; n < 8 || n > 40 {
					t.Errorf("the backend was asked %d times in 10 s of outage, want 8 to 40", n)
				}
				if got := seen.ops(); got != "get unavailable" {
					t.Errorf("observed %q, want %q", got, "get unavailable")
				}
				purge(t, there, group())

				p.ComeBack()
				time.Sleep(1100 * time.Millisecond)
				r.write(3)
				visit(t, here, r, 3, 0, "back: the old value was purged in the outage")
				r.write(4)
				visit(t, here, r, 3, 0, "back: a hit")
				if got := seen.ops(); got != "get unavailable available" {
					t.Errorf("observed %q, want %q", got, "get unavailable available")
				}
			})
		})
	}
}

// Visitors who are waiting when the backend goes away wait up to Timeout, all at the same
// time. Observe is told once.
func TestBreakerWithManyInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSwitched(t)
		var seen notebook
		c := newCache(t, p, &coherent.Options{Observe: seen.note})
		p.GoAway(enginetest.Hang)
		r := &row{v: 1}
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { visit(t, c, r, 1, budget, "one of the first hundred") })
		}
		wg.Wait()
		visit(t, c, r, 1, 0, "the next")
		time.Sleep(time.Minute)
		if got := seen.ops(); got != "get unavailable" {
			t.Errorf("observed %q, want %q", got, "get unavailable")
		}
	})
}

// A purge is tried in an outage, too. One that succeeds ends the outage.
func TestPurgeInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSwitched(t)
		c := newCache(t, p, nil)
		r := &row{v: 1}
		visit(t, c, r, 1, 0, "a fill")
		time.Sleep(time.Second)
		p.GoAway(enginetest.Hang)
		visit(t, c, r, 1, budget, "the first of the outage")
		time.Sleep(time.Minute)

		p.GoAway(enginetest.Refuse)
		err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{group()}})
		if !errors.Is(err, enginetest.ErrRefused) || !strings.Contains(err.Error(), "group:row") {
			t.Errorf("a purge in the outage: got %v, want what failed and why", err)
		}
		p.ComeBack()
		r.write(2)
		purge(t, c, group())
		time.Sleep(budget) // for a question that has hung since before
		synctest.Wait()
		visit(t, c, r, 2, 0, "after a purge that succeeded: a fill")
		r.write(3)
		visit(t, c, r, 2, 0, "after a purge that succeeded: a hit")
	})
}

// A process that starts while the backend hangs uses it as soon as it answers.
func TestStartWhileTheBackendHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSwitched(t)
		var gone atomic.Bool
		gone.Store(true)
		p.GoAway(func(ctx context.Context) error { // a call made while it is gone is never answered
			if gone.Load() {
				return enginetest.Hang(ctx)
			}
			return nil
		})
		c := newCache(t, p, nil)
		r := &row{v: 1}
		visit(t, c, r, 1, budget, "the first")
		for range 3000 {
			visit(t, c, r, 1, 0, "in the outage")
			time.Sleep(10 * time.Millisecond)
		}
		gone.Store(false)
		time.Sleep(1100 * time.Millisecond)
		visit(t, c, r, 1, 0, "a fill")
		r.write(2)
		visit(t, c, r, 1, 0, "a hit")
	})
}

// Calls after an outage share one load, and none that began in the outage.
func TestCollapseAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSwitched(t)
		c := newCache(t, p, nil)
		var loads atomic.Int64
		r := &row{v: 1}
		load := func(_ context.Context, deps *coherent.Deps) (int, error) {
			v := r.read()
			loads.Add(1)
			deps.Add(group())
			time.Sleep(3 * time.Second)
			return v, nil
		}
		fetch := func() (int, error) { return coherent.Fetch(t.Context(), c, "k", 0, load) }
		p.GoAway(enginetest.Hang)
		visit(t, c, r, 1, budget, "the first of the outage")

		var wg sync.WaitGroup
		for range 10 { // each loads for itself: nothing tells what was purged meanwhile
			wg.Go(func() { _, _ = fetch() })
		}
		synctest.Wait()
		if n := loads.Swap(0); n != 10 {
			t.Errorf("10 loads in an outage: got %d", n)
		}
		r.write(2)
		p.ComeBack()
		time.Sleep(1100 * time.Millisecond)
		for range 100 {
			wg.Go(func() {
				if v, err := fetch(); v != 2 || err != nil {
					t.Errorf("after the outage: got %d, %v; want 2, not the value of an earlier load", v, err)
				}
			})
		}
		wg.Wait()
		if n := loads.Load(); n != 1 {
			t.Errorf("100 calls after the outage made %d loads, want 1", n)
		}
		if v, err := fetch(); v != 2 || err != nil || loads.Load() != 1 {
			t.Errorf("a hit: got %d, %v, after %d loads; want 2", v, err, loads.Load())
		}
	})
}

func TestNoBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSwitched(t)
		c := newCache(t, p, &coherent.Options{NoBreaker: true})
		p.GoAway(enginetest.Hang)
		r := &row{v: 1}
		for range 3 {
			visit(t, c, r, 1, budget, "each")
		}
		p.ComeBack()
		visit(t, c, r, 1, 0, "a fill")
		r.write(2)
		visit(t, c, r, 1, 0, "a hit")
	})
}

// Close ends the goroutine that waits for an answer.
func TestCloseInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSwitched(t)
		c, err := coherent.New(p, nil)
		if err != nil {
			t.Fatal(err)
		}
		p.GoAway(enginetest.Hang)
		visit(t, c, &row{v: 1}, 1, budget, "the first")
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		// synctest fails the test if a goroutine still waits.
	})
}
