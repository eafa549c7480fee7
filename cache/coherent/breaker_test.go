package coherent_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/engine"
)

const budget = 50 * time.Millisecond

// asked marks the contexts of visitors, to tell what is asked on their behalf
// from what is asked in the background.
type asked struct{}

// patient is a remote backend with a way of being away, which can be switched
// on and off. It counts what it is asked.
type patient struct {
	remote
	away      atomic.Pointer[func(ctx context.Context) error]
	byVisitor atomic.Int64
	all       atomic.Int64
}

func newPatient(t *testing.T) *patient {
	p := &patient{remote: remote{Backend: newMemory(t)}}
	hook := func(ctx context.Context) error {
		p.all.Add(1)
		if ctx.Value(asked{}) != nil {
			p.byVisitor.Add(1)
		}
		if away := p.away.Load(); away != nil {
			return (*away)(ctx)
		}
		return nil
	}
	p.onGet, p.onSet, p.onSince, p.onAppend = hook, hook, hook, hook
	return p
}

func (p *patient) goes(away func(ctx context.Context) error) { p.away.Store(&away) }
func (p *patient) comesBack()                                { p.away.Store(nil) }

var errRefused = errors.New("connection refused")

func hangs(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
func refuses(context.Context) error   { return errRefused }

// notebook keeps observations.
type notebook struct {
	mu  sync.Mutex
	all []coherent.Observation
}

func (n *notebook) note(o coherent.Observation) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, o)
}

func (n *notebook) ops() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	ops := make([]string, len(n.all))
	for i, o := range n.all {
		ops[i] = string(o.Op)
	}
	return strings.Join(ops, " ")
}

// visit fetches the row as a visitor, who must wait for exactly wait.
func visit(t *testing.T, c *coherent.Cache, r *row, want int, wait time.Duration, when string) {
	t.Helper()
	start := time.Now()
	got, err := fetchRow(context.WithValue(t.Context(), asked{}, true), c, r)
	if err != nil || got != want {
		t.Errorf("%s: got %d, %v; want %d", when, got, err, want)
	}
	if d := time.Since(start); d != wait {
		t.Errorf("%s: took %v, want %v", when, d, wait)
	}
}

// The story of an outage: the first visitor waits, nobody else does, the purge
// of another process that came meanwhile is heeded.
func TestBreaker(t *testing.T) {
	for name, tt := range map[string]struct {
		away func(context.Context) error
		wait time.Duration // of the first
	}{
		"hangs":   {hangs, budget},
		"refuses": {refuses, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPatient(t)
				var seen notebook
				here := newCache(t, p, &coherent.Options{Observe: seen.note})
				there := newCache(t, p.Backend, nil)
				r := &row{v: 1}
				visit(t, here, r, 1, 0, "a fill")

				time.Sleep(time.Second)
				p.goes(tt.away)
				r.write(2)
				if name == "refuses" { // a store that refuses is a miss; the log decides
					p.onGet = nil
				}
				visit(t, here, r, 2, tt.wait, "the first of the outage")
				time.Sleep(budget) // the breaker is open anyway; Observe is told when that is certain
				synctest.Wait()
				before := p.byVisitor.Load()
				all := p.all.Load()
				for range 1000 {
					visit(t, here, r, 2, 0, "in the outage")
				}
				if n := p.byVisitor.Load() - before; n != 0 {
					t.Errorf("1000 visits in an outage asked the backend %d times, want 0", n)
				}
				time.Sleep(10 * time.Second)
				if n := p.all.Load() - all; n < 8 || n > 40 {
					t.Errorf("the backend was asked %d times in 10 s of outage, want 8 to 40", n)
				}
				if got := seen.ops(); got != "get unavailable" {
					t.Errorf("observed %q, want %q", got, "get unavailable")
				}
				purge(t, there, group())

				p.comesBack()
				time.Sleep(1100 * time.Millisecond)
				r.write(3)
				visit(t, here, r, 3, 0, "back: what was stored before was purged in the outage")
				r.write(4)
				visit(t, here, r, 3, 0, "back: a hit")
				if got := seen.ops(); got != "get unavailable available" {
					t.Errorf("observed %q, want %q", got, "get unavailable available")
				}
			})
		})
	}
}

// What requests are told in an outage names what is wrong.
func TestErrUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		p.goes(func(context.Context) error { return syscall.ECONNREFUSED })
		p.onGet = nil
		c := newCache(t, p, nil)
		v := engine.NewValues(c.Engine(), text{})
		_, _, first := v.Get(t.Context(), []byte("k"))
		if !errors.Is(first, syscall.ECONNREFUSED) || errors.Is(first, coherent.ErrUnavailable) {
			t.Errorf("the first lookup: got %v, want the backend's error as it is", first)
		}
		_, _, second := v.Get(t.Context(), []byte("k"))
		stored, third := v.Set(t.Context(), "k", "v", 0, c.Engine().Begin())
		for what, err := range map[string]error{"Get": second, "Set": third, "Delete": v.Delete(t.Context(), "k")} {
			if !errors.Is(err, coherent.ErrUnavailable) || !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%s in an outage: got %v, want %v with its cause", what, err, coherent.ErrUnavailable)
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

// Visitors who are waiting when the backend goes away wait as long as they
// would have, at the same time, and are told of it once.
func TestBreakerWithManyInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		var seen notebook
		c := newCache(t, p, &coherent.Options{Observe: seen.note})
		p.goes(hangs)
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

// One slow reply among others that come says nothing about the backend.
func TestSlowReplyBesideOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		c := newCache(t, p, nil)
		v := engine.NewValues(c.Engine(), text{})
		get := p.onGet
		p.onGet = func(ctx context.Context) error {
			if ctx.Value(slow{}) != nil {
				return hangs(ctx)
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

// With nobody else to ask, one slow reply costs the cache a round trip.
func TestSlowReplyAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		var seen notebook
		c := newCache(t, p, &coherent.Options{Observe: seen.note})
		v := engine.NewValues(c.Engine(), text{})
		var slow atomic.Bool
		p.goes(func(ctx context.Context) error {
			if !slow.Swap(true) {
				return hangs(ctx)
			}
			return nil
		})
		_, _, _ = v.Get(t.Context(), []byte("k"))
		synctest.Wait() // no time passes: the first question has its answer
		if _, _, err := v.Get(t.Context(), []byte("k")); err != nil {
			t.Errorf("the next: %v", err)
		}
		if got := seen.ops(); got != "get" {
			t.Errorf("observed %q, want the one failure only", got)
		}
	})
}

// A visitor who leaves, or who gave less time than it takes, is no outage.
func TestImpatientVisitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		c := newCache(t, p, nil)
		v := engine.NewValues(c.Engine(), text{})
		p.goes(func(ctx context.Context) error {
			select {
			case <-time.After(40 * time.Millisecond):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if _, _, err := v.Get(t.Context(), []byte("k")); err == nil {
			t.Fatal("the first lookup reads the log, too: want an error after 50 ms")
		}
		time.Sleep(time.Second)
		all := p.all.Load()
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
			if _, _, err := v.Get(ctx, []byte("k")); err == nil || errors.Is(err, coherent.ErrUnavailable) {
				t.Errorf("a visitor who left: got %v, want his context's error", err)
			}
			cancel()
		}
		time.Sleep(time.Second)
		if n := p.all.Load() - all; n != 2 {
			t.Errorf("the backend was asked %d times, want 2: nobody had reason to ask again", n)
		}
	})
}

// A backend that takes 40 ms for every answer is used.
func TestSlowBackendIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		const slow = 40 * time.Millisecond
		p.goes(func(ctx context.Context) error {
			select {
			case <-time.After(slow):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		// Bytes over there, the log here: one answer a lookup.
		c := newCache(t, cache.Join(struct{ cache.Cache }{p}, newMemory(t)), nil)
		r := &row{v: 1}
		visit(t, c, r, 1, 2*slow, "a miss, stored")
		r.write(2)
		for range 100 {
			visit(t, c, r, 1, slow, "a hit")
		}
	})
}

// A store that hangs holds the answer of one fill, and then of none; nor does a
// key that is deleted.
func TestHungStore(t *testing.T) {
	for name, fill := range map[string]func(v *engine.Values[string], c *coherent.Cache) error{
		"set": func(v *engine.Values[string], c *coherent.Cache) error {
			_, err := v.Set(context.Background(), "k", "v", 0, c.Engine().Begin())
			return err
		},
		"delete": func(v *engine.Values[string], _ *coherent.Cache) error {
			return v.Delete(context.Background(), "k")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPatient(t)
				c := newCache(t, hangingDelete{p}, nil)
				v := engine.NewValues(c.Engine(), text{})
				p.goes(hangs)
				start := time.Now()
				if err := fill(v, c); err == nil {
					t.Error("got nil, want an error")
				}
				if d := time.Since(start); d != budget {
					t.Errorf("the first took %v, want %v", d, budget)
				}
				if name == "delete" { // which is not what opens the breaker
					_, _, _ = v.Get(t.Context(), []byte("k"))
				}
				start = time.Now()
				if err := fill(v, c); !errors.Is(err, coherent.ErrUnavailable) {
					t.Errorf("the second: got %v, want %v", err, coherent.ErrUnavailable)
				}
				if d := time.Since(start); d != 0 {
					t.Errorf("the second took %v, want 0", d)
				}
			})
		})
	}
}

type hangingDelete struct{ *patient }

func (h hangingDelete) Delete(ctx context.Context, keys ...string) error {
	if away := h.away.Load(); away != nil {
		return (*away)(ctx)
	}
	return h.patient.Delete(ctx, keys...)
}

// A store that is full refuses to store. Hits go on.
func TestFullStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		c := newCache(t, p, nil)
		r := &row{v: 1}
		visit(t, c, r, 1, 0, "a fill")
		time.Sleep(time.Second)
		p.onSet = refuses
		if _, err := coherent.Fetch(t.Context(), c, "other", 0, func(context.Context, *coherent.Deps) (int, error) { return 1, nil }); err != nil {
			t.Error(err)
		}
		r.write(2)
		visit(t, c, r, 1, 0, "a hit")
	})
}

// A purge is tried whatever was found out before, and one that succeeds ends the
// outage.
func TestPurgeInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		c := newCache(t, p, nil)
		r := &row{v: 1}
		visit(t, c, r, 1, 0, "a fill")
		time.Sleep(time.Second)
		p.goes(hangs)
		visit(t, c, r, 1, budget, "the first of the outage")
		time.Sleep(time.Minute)

		p.goes(refuses)
		err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{group()}})
		if !errors.Is(err, errRefused) || !strings.Contains(err.Error(), "group:row") {
			t.Errorf("a purge in the outage: got %v, want what failed and why", err)
		}
		p.comesBack()
		r.write(2)
		purge(t, c, group())
		time.Sleep(budget) // for a question that hangs since before
		synctest.Wait()
		visit(t, c, r, 2, 0, "after a purge that succeeded: a fill")
		r.write(3)
		visit(t, c, r, 2, 0, "after a purge that succeeded: a hit")
	})
}

// With a MaxStale, hits in the near tier go on as long as it allows; then there
// are none, and nobody waits.
func TestMaxStaleInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		log := cache.Join(newMemory(t), p)
		c := newCache(t, log, &coherent.Options{MaxStale: time.Second})
		there := newCache(t, p.Backend, nil)
		r := &row{v: 1}
		visit(t, c, r, 1, 0, "a fill")
		time.Sleep(10*time.Second + 1)
		p.goes(hangs)
		r.write(2)
		time.Sleep(400 * time.Millisecond)
		visit(t, c, r, 1, 0, "as stale as is allowed")
		time.Sleep(time.Second)
		visit(t, c, r, 2, 0, "staler: the reader has found out, so that nobody waits")
		p.goes(refuses)
		time.Sleep(10 * time.Second)
		all := p.all.Load()
		time.Sleep(10 * time.Second)
		if n := p.all.Load() - all; n > 15 {
			t.Errorf("the log was asked for %d times in 10 s of outage, want about one a second: the reader leaves it alone", n)
		}
		purge(t, there, group())
		p.comesBack()
		time.Sleep(1100*time.Millisecond + maxPatience)
		r.write(3)
		visit(t, c, r, 3, 0, "back")
		r.write(4)
		visit(t, c, r, 3, 0, "back: a hit")
	})
}

// maxPatience is how long a read of the log may hang.
const maxPatience = time.Second

// A process that starts while the backend hangs is back as soon as others.
func TestHungStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		var gone atomic.Bool
		gone.Store(true)
		p.goes(func(ctx context.Context) error { // what was sent then is never answered
			if gone.Load() {
				return hangs(ctx)
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

// Those who come when the backend is back make one fill, whatever fills were
// begun without it.
func TestHerdAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
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
		p.goes(hangs)
		visit(t, c, r, 1, budget, "the first of the outage")

		var wg sync.WaitGroup
		for range 10 { // each for himself: nothing tells what was purged meanwhile
			wg.Go(func() { _, _ = fetch() })
		}
		synctest.Wait()
		if n := loads.Swap(0); n != 10 {
			t.Errorf("10 loads in an outage: got %d", n)
		}
		r.write(2)
		p.comesBack()
		time.Sleep(1100 * time.Millisecond)
		for range 100 {
			wg.Go(func() {
				if v, err := fetch(); v != 2 || err != nil {
					t.Errorf("after the outage: got %d, %v; want 2, and not what was begun before", v, err)
				}
			})
		}
		wg.Wait()
		if n := loads.Load(); n != 1 {
			t.Errorf("100 who came after the outage made %d loads, want 1", n)
		}
		if v, err := fetch(); v != 2 || err != nil || loads.Load() != 1 {
			t.Errorf("a hit: got %d, %v, after %d loads; want 2", v, err, loads.Load())
		}
	})
}

func TestNoBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		c := newCache(t, p, &coherent.Options{NoBreaker: true})
		p.goes(hangs)
		r := &row{v: 1}
		for range 3 {
			visit(t, c, r, 1, budget, "each")
		}
		p.comesBack()
		visit(t, c, r, 1, 0, "a fill")
		r.write(2)
		visit(t, c, r, 1, 0, "a hit")
	})
}

// Close ends the waiting for an answer.
func TestCloseInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		c, err := coherent.New(p, nil)
		if err != nil {
			t.Fatal(err)
		}
		p.goes(hangs)
		visit(t, c, &row{v: 1}, 1, budget, "the first")
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		// synctest fails the test if anybody still waits.
	})
}

// text keeps strings.
type text struct{}

func (text) Encode(s string) ([]byte, error) { return []byte(s), nil }
func (text) Decode(b []byte) (string, error) { return string(b), nil }
func (text) Size(s string) int               { return len(s) }

// What the breaker costs a hit that asks the backend.
func BenchmarkGet(b *testing.B) {
	for name, off := range map[string]bool{"breaker": false, "no breaker": true} {
		b.Run(name, func(b *testing.B) {
			m := memory.New(nil)
			defer m.Close()
			c, err := coherent.New(&remote{Backend: m}, &coherent.Options{NoBreaker: off})
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			v := engine.NewValues(c.Engine(), text{})
			_, _, _ = v.Get(b.Context(), []byte("k")) // reads the log
			if _, err := v.Set(b.Context(), "k", "v", 0, c.Engine().Begin()); err != nil {
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
