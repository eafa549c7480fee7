package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/internal/enginetest"
)

const budget = 50 * time.Millisecond

// The error of a lookup or a fill in an outage wraps the error that opened the breaker.
func TestErrorInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSwitched(t)
		p.GoAway(func(context.Context) error { return syscall.ECONNREFUSED })
		p.OnGet = nil
		c := newCache(t, p, nil)
		v := NewValues(c, texts{})
		_, _, first := v.Get(t.Context(), []byte("k"))
		if !errors.Is(first, syscall.ECONNREFUSED) || errors.Is(first, errUnavailable) {
			t.Errorf("the first lookup: got %v, want the backend's error as it is", first)
		}
		_, _, second := v.Get(t.Context(), []byte("k"))
		stored, third := v.Set(t.Context(), "k", "v", 0, c.Begin())
		for what, err := range map[string]error{"Get": second, "Set": third, "Delete": v.Delete(t.Context(), "k")} {
			if !errors.Is(err, errUnavailable) || !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%s in an outage: got %v, want %v with its cause", what, err, errUnavailable)
			}
		}
		if stored {
			t.Error("Set in an outage: stored")
		}
		if n := testing.AllocsPerRun(100, func() { _, _, _ = v.Get(t.Context(), []byte("k")) }); n > 1 {
			t.Errorf("Get in an outage allocates %v times, want 1 at most, for the key", n)
		}
	})
}

// One slow reply among others does not open the breaker.
func TestSlowReplyBesideOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSwitched(t)
		c := newCache(t, p, nil)
		v := NewValues(c, texts{})
		get := p.OnGet
		p.OnGet = func(ctx context.Context) error {
			if ctx.Value(slow{}) != nil {
				return enginetest.Hang(ctx)
			}
			return get(ctx)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _, err := v.Get(context.WithValue(t.Context(), slow{}, true), []byte("k"))
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the slow one: got %v", err)
			}
		}()
		time.Sleep(budget / 2)
		for range 2 {
			if _, _, err := v.Get(t.Context(), []byte("k")); err != nil {
				t.Errorf("another: %v", err)
			}
			<-done // and once more after the slow one has failed
		}
	})
}

type slow struct{}

// Where no other lookup is answered, one slow reply opens the breaker for a round trip.
func TestSlowReplyAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSwitched(t)
		var mu sync.Mutex
		var seen []Op
		c := newCache(t, p, &Options{Observe: func(o Observation) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, o.Op)
		}})
		v := NewValues(c, texts{})
		var slow atomic.Bool
		p.GoAway(func(ctx context.Context) error {
			if !slow.Swap(true) {
				return enginetest.Hang(ctx)
			}
			return nil
		})
		_, _, _ = v.Get(t.Context(), []byte("k"))
		synctest.Wait() // no time passes: the first question has its answer
		if _, _, err := v.Get(t.Context(), []byte("k")); err != nil {
			t.Errorf("the next: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		if len(seen) != 1 || seen[0] != OpGet {
			t.Errorf("observed %q, want the one failure only", seen)
		}
	})
}

// A visitor who leaves, or gives less time than Timeout, does not open the breaker.
func TestVisitorWhoLeavesIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSwitched(t)
		c := newCache(t, p, nil)
		v := NewValues(c, texts{})
		p.GoAway(enginetest.Slow(40 * time.Millisecond))
		if _, _, err := v.Get(t.Context(), []byte("k")); err == nil {
			t.Fatal("the first lookup reads the log, too: want an error after 50 ms")
		}
		time.Sleep(time.Second)
		all := p.All.Load()
		for _, end := range []func() (context.Context, context.CancelFunc){
			func() (context.Context, context.CancelFunc) {
				return context.WithTimeout(t.Context(), 10*time.Millisecond)
			},
			func() (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(10*time.Millisecond, cancel)
				return ctx, cancel
			},
		} {
			ctx, cancel := end()
			if _, _, err := v.Get(ctx, []byte("k")); err == nil || errors.Is(err, errUnavailable) {
				t.Errorf("a visitor who left: got %v, want the context's error", err)
			}
			cancel()
		}
		time.Sleep(time.Second)
		if n := p.All.Load() - all; n != 2 {
			t.Errorf("the backend was asked %d times, want 2: nobody had reason to ask again", n)
		}
	})
}

// A store that hangs holds up one fill, or one deletion, and then none.
func TestStoreThatHangs(t *testing.T) {
	for name, fill := range map[string]func(v *Values[string], c *Cache) error{
		"set": func(v *Values[string], c *Cache) error {
			_, err := v.Set(context.Background(), "k", "v", 0, c.Begin())
			return err
		},
		"delete": func(v *Values[string], _ *Cache) error {
			return v.Delete(context.Background(), "k")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newSwitched(t)
				c := newCache(t, hangingDelete{p}, nil)
				v := NewValues(c, texts{})
				p.GoAway(enginetest.Hang)
				start := time.Now()
				if err := fill(v, c); err == nil {
					t.Error("got nil, want an error")
				}
				if d := time.Since(start); d != budget {
					t.Errorf("the first took %v, want %v", d, budget)
				}
				if name == "delete" { // a deletion does not open the breaker
					_, _, _ = v.Get(t.Context(), []byte("k"))
				}
				start = time.Now()
				if err := fill(v, c); !errors.Is(err, errUnavailable) {
					t.Errorf("the second: got %v, want %v", err, errUnavailable)
				}
				if d := time.Since(start); d != 0 {
					t.Errorf("the second took %v, want 0", d)
				}
			})
		})
	}
}

type hangingDelete struct{ *enginetest.Switched }

func (h hangingDelete) Delete(ctx context.Context, keys ...string) error {
	if err := h.Away(ctx); err != nil {
		return err
	}
	return h.Switched.Delete(ctx, keys...)
}

// What the breaker costs a hit that asks the backend.
func BenchmarkGet(b *testing.B) {
	for name, off := range map[string]bool{"breaker": false, "no breaker": true} {
		b.Run(name, func(b *testing.B) {
			m := memory.New(nil)
			defer m.Close()
			c, err := New(&enginetest.Remote{Backend: m}, &Options{NoBreaker: off})
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			v := NewValues(c, texts{})
			_, _, _ = v.Get(b.Context(), []byte("k")) // reads the log
			if _, err := v.Set(b.Context(), "k", "v", 0, c.Begin()); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if s, _, err := v.Get(b.Context(), []byte("k")); s == nil || err != nil {
					b.Fatalf("got %v, %v; want a hit", s, err)
				}
			}
		})
	}
}
