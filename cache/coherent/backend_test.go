package coherent_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/enginetest"
)

// A backend that fails costs speed, never the value. A purge that fails says so.
func TestBrokenBackend(t *testing.T) {
	down := errors.New("connection refused")
	fail := func(context.Context) error { return down }
	for name, b := range map[string]*enginetest.Remote{
		"get":    {OnGet: fail},
		"set":    {OnSet: fail},
		"since":  {OnSince: fail},
		"append": {OnAppend: fail},
		"all":    {OnGet: fail, OnSet: fail, OnSince: fail, OnAppend: fail},
	} {
		t.Run(name, func(t *testing.T) {
			b.Backend = newMemory(t)
			var observed atomic.Int64
			c := newCache(t, b, &coherent.Options{Observe: func(o coherent.Observation) {
				observed.Add(1)
				if !errors.Is(o.Err, down) {
					t.Errorf("observed %v, want %v", o.Err, down)
				}
			}})
			r := &row{v: 1}
			wantRow(t, c, r, 1, "first")
			wantRow(t, c, r, 1, "second")
			if name != "append" && observed.Load() == 0 {
				t.Error("nothing was observed")
			}
			err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{group()}})
			if broken := b.OnAppend != nil; broken != errors.Is(err, down) {
				t.Errorf("Purge: got %v", err)
			} else if broken && !strings.Contains(err.Error(), "group:row") {
				t.Errorf("Purge: %q does not say what was to be purged", err)
			}
			if name != "append" && name != "all" {
				r.write(2)
				purge(t, c, group())
				wantRow(t, c, r, 2, "purged")
			}
		})
	}
}

// A backend that hangs holds up one request, for Timeout.
func TestBackendThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		b := &enginetest.Remote{Backend: newMemory(t), OnGet: hang, OnSince: hang}
		c := newCache(t, b, &coherent.Options{Timeout: 30 * time.Millisecond})
		start := time.Now()
		wantRow(t, c, &row{v: 1}, 1, "hung")
		if d := time.Since(start); d != 30*time.Millisecond {
			t.Errorf("the request was held for %v, want 30ms", d)
		}
	})
}

// A backend that takes 40 ms for every answer is used.
func TestSlowBackendIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSwitched(t)
		const slow = 40 * time.Millisecond
		p.GoAway(func(ctx context.Context) error {
			select {
			case <-time.After(slow):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		// The store is remote and the log is not: one answer for each lookup.
		c := newCache(t, cache.Join(struct{ cache.Cache }{p}, newMemory(t)), nil)
		r := &row{v: 1}
		visit(t, c, r, 1, 2*slow, "a miss, stored")
		r.write(2)
		for range 100 {
			visit(t, c, r, 1, slow, "a hit")
		}
	})
}

// A store that is full refuses to store. Hits go on.
func TestFullStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSwitched(t)
		c := newCache(t, p, nil)
		r := &row{v: 1}
		visit(t, c, r, 1, 0, "a fill")
		time.Sleep(time.Second)
		p.OnSet = enginetest.Refuse
		if _, err := coherent.Fetch(t.Context(), c, "other", 0, func(context.Context, *coherent.Deps) (int, error) { return 1, nil }); err != nil {
			t.Error(err)
		}
		r.write(2)
		visit(t, c, r, 1, 0, "a hit")
	})
}

// refusing is a server that reads a value and the head in one round trip. It refuses to
// read one key, which has no value of ours.
type refusing struct {
	enginetest.Remote
	head    interface{ Head() cache.Position }
	key     string
	refuses atomic.Bool
}

func (r *refusing) GetHead(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
	if key == r.key && r.refuses.Load() {
		return nil, false, 0, errors.New("WRONGTYPE Operation against a key holding the wrong kind of value")
	}
	head := r.head.Head()
	value, ok, err := r.Get(ctx, key)
	return value, ok, head, err
}

// Set overwrites the key.
func (r *refusing) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if key == r.key {
		r.refuses.Store(false)
	}
	return r.Remote.Set(ctx, key, value, ttl)
}

// A value that the server refuses to read is a miss if the server does not refuse the
// log. The next fill replaces it, and lookups of other keys are answered.
func TestRefusedValueIsAMiss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t)
		b := &refusing{Remote: enginetest.Remote{Backend: m}, head: m, key: "value:bad"}
		b.refuses.Store(true)
		var seen notebook
		c := newCache(t, b, &coherent.Options{Observe: seen.note})
		loads, others := 0, 0
		fetchOther := func() {
			_, err := coherent.Fetch(t.Context(), c, "other", time.Hour, func(context.Context, *coherent.Deps) (int, error) {
				others++
				return 1, nil
			})
			if err != nil {
				t.Errorf("another key meanwhile: %v", err)
			}
		}
		for range 3 {
			got, err := coherent.Fetch(t.Context(), c, "bad", time.Hour, func(context.Context, *coherent.Deps) (int, error) {
				loads++
				fetchOther()
				fetchOther()
				return 7, nil
			})
			if err != nil || got != 7 {
				t.Errorf("Fetch: got %d, %v; want 7", got, err)
			}
		}
		if loads != 1 || others != 1 {
			t.Errorf("%d loads, and %d of another key meanwhile; want 1 and 1", loads, others)
		}
		synctest.Wait()
		if got := seen.ops(); got != "get" {
			t.Errorf("observed %q, want one get that failed", got)
		}
	})
}

// If the server refuses the log, too, nothing tells what may be served.
func TestRefusedLogIsAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t)
		b := &refusing{Remote: enginetest.Remote{Backend: m, OnSince: enginetest.Refuse}, head: m, key: "value:bad"}
		b.refuses.Store(true)
		var seen notebook
		c := newCache(t, b, &coherent.Options{Observe: seen.note})
		loads := 0
		for range 2 {
			_, err := coherent.Fetch(t.Context(), c, "bad", time.Hour, func(context.Context, *coherent.Deps) (int, error) {
				loads++
				return 7, nil
			})
			if err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
		if got := seen.ops(); loads != 2 || got != "get unavailable" {
			t.Errorf("%d loads, observed %q; want 2, and one outage", loads, got)
		}
	})
}
