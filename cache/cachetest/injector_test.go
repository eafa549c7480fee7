package cachetest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
)

var errDown = errors.New("down")

// methods calls each method of a wrapped backend and purger.
func methods(b cache.Backend, p Purger) map[Op]func(context.Context) error {
	return map[Op]func(context.Context) error{
		OpGet:    func(ctx context.Context) error { _, _, err := b.Get(ctx, "k"); return err },
		OpSet:    func(ctx context.Context) error { return b.Set(ctx, "k", []byte("v"), 0) },
		OpDelete: func(ctx context.Context) error { return b.Delete(ctx, "k") },
		OpAppend: func(ctx context.Context) error { _, err := b.Append(ctx, cache.Event{}); return err },
		OpSince:  func(ctx context.Context) error { _, err := b.Since(ctx, 0); return err },
		OpPurge:  func(ctx context.Context) error { return p.Purge(ctx, cache.Event{}) },
	}
}

func TestInjectorWithoutFaultsKeepsTheContract(t *testing.T) {
	RunCache(t, CacheHarness{
		Open:   func(*testing.T) cache.Cache { return NewInjector(1).Cache(&mapCache{}) },
		Wait:   time.Sleep,
		Around: synctest.Test,
	})
	RunLog(t, LogHarness{Whole: true, Open: func(*testing.T) cache.Log {
		return NewInjector(1).Backend(headBackend{&mapCache{}, &sliceLog{}})
	}})
}

func TestInjectorBreaksOneMethod(t *testing.T) {
	for broken := range methods(nil, nil) {
		in, rec := NewInjector(1), &Recorder{}
		b := in.Backend(rec.Backend(headBackend{&mapCache{}, &sliceLog{}}))
		in.Break(Fault{Err: errDown}, broken)
		for op, call := range methods(b, in.Purger(rec)) {
			want := error(nil)
			if op == broken {
				want = errDown
			}
			if err := call(t.Context()); !errors.Is(err, want) {
				t.Errorf("%s with %s broken: got error %v, want %v", op, broken, err, want)
			}
			if reached := len(rec.Calls(op)) == 1; reached == (op == broken) {
				t.Errorf("%s with %s broken: reached what is wrapped: %v", op, broken, reached)
			}
		}
		if got := in.Injected(); got != 1 {
			t.Errorf("Injected() = %d, want 1", got)
		}
		in.Mend()
		if err := methods(b, in.Purger(rec))[broken](t.Context()); err != nil {
			t.Errorf("%s after Mend: got error %v, want none", broken, err)
		}
	}
}

func TestInjectorLateErrorsMakeTheCall(t *testing.T) {
	in, rec := NewInjector(1), &Recorder{}
	in.Break(Fault{Err: errDown, Late: true})
	b := in.Backend(rec.Backend(headBackend{&mapCache{}, &sliceLog{}}))
	for op, call := range methods(b, in.Purger(rec)) {
		if err := call(t.Context()); !errors.Is(err, errDown) {
			t.Errorf("%s: got error %v, want %v", op, err, errDown)
		}
		if got := len(rec.Calls(op)); got != 1 {
			t.Errorf("%s reached what is wrapped %d times, want 1", op, got)
		}
	}
}

func TestInjectorDelayHonoursTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := NewInjector(1)
		in.Break(Fault{Delay: time.Minute})
		c := in.Cache(&mapCache{})
		start := time.Now()
		if err := c.Set(t.Context(), "k", nil, 0); err != nil || time.Since(start) != time.Minute {
			t.Errorf("Set: got %v after %v, want no error after 1m", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		_, _, err := c.Get(ctx, "k")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("Get: got %v after %v, want %v after 1s", err, time.Since(start), context.DeadlineExceeded)
		}
	})
}

// A log that forgets says so, and a cache that forgets is a cache.
func TestInjectorForgets(t *testing.T) {
	in := NewInjector(1)
	b := in.Backend(headBackend{&mapCache{}, &sliceLog{}})
	h := b.(cache.HeadGetter)
	if err := b.Set(t.Context(), "k", []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	p, err := b.Append(t.Context(), cache.Event{})
	if err != nil {
		t.Fatal(err)
	}
	in.Break(Fault{Forget: true})
	if value, ok, head, err := h.GetHead(t.Context(), "k"); ok || value != nil || head != p || err != nil {
		t.Errorf("GetHead: got %q, %v, %d, %v; want nil, false, %d, nil", value, ok, head, err, p)
	}
	if err := b.Set(t.Context(), "k", []byte("v"), 0); err != nil {
		t.Errorf("Set: got error %v, want none", err)
	}
	ev, err := b.Since(t.Context(), p-1)
	if err != nil || ev.Head != p || ev.From != p || len(ev.List) != 0 {
		t.Errorf("Since(%d): got %+v, %v; want Head and From %d, no events", p-1, ev, err, p)
	}
	in.Mend()
	if _, ok, _ := b.Get(t.Context(), "k"); ok {
		t.Error("Get after a Set that forgot: got a value")
	}
}

func TestInjectorRateAndSeed(t *testing.T) {
	run := func() (misses []int, injected int) {
		in := NewInjector(42)
		in.Break(Fault{Forget: true, Rate: 0.3}, OpGet)
		c := in.Cache(&mapCache{})
		for i := range 1000 {
			_ = c.Set(t.Context(), "k", nil, 0)
			if _, ok, _ := c.Get(t.Context(), "k"); !ok {
				misses = append(misses, i)
			}
		}
		return misses, in.Injected()
	}
	first, injected := run()
	if len(first) != injected || injected < 200 || injected > 400 {
		t.Errorf("1000 Gets at rate 0.3: %d misses, %d faults, want about 300 of both", len(first), injected)
	}
	if second, _ := run(); len(second) != len(first) || second[len(second)-1] != first[len(first)-1] {
		t.Error("the same seed met other faults")
	}
}

func TestInjectorGarbles(t *testing.T) {
	in, m := NewInjector(1), &mapCache{}
	c := in.Cache(m)
	_ = c.Set(t.Context(), "k", []byte("value"), 0)
	in.Break(Fault{Garble: true}, OpGet)
	if value, ok, err := c.Get(t.Context(), "k"); string(value) == "value" || len(value) != 5 || !ok || err != nil {
		t.Errorf("Get: got %q, %v, %v; want five bytes other than value", value, ok, err)
	}
	if value, _, _ := m.Get(t.Context(), "k"); string(value) != "value" {
		t.Errorf("what is stored became %q", value)
	}
}
