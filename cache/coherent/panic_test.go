package coherent_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/engine"
)

// bomb is a server with all abilities. One of its methods panics while it is
// armed, or ends its goroutine.
type bomb struct {
	remote
	m     *memory.Backend
	armed atomic.Pointer[string]
	exits atomic.Bool
}

func newBomb(t *testing.T) *bomb {
	m := newMemory(t)
	return &bomb{remote: remote{Backend: m}, m: m}
}

func (b *bomb) arm(method string) { b.armed.Store(&method) }
func (b *bomb) disarm()           { b.armed.Store(nil) }

func (b *bomb) step(method string) {
	switch armed := b.armed.Load(); {
	case armed == nil || *armed != method:
	case b.exits.Load():
		runtime.Goexit()
	default:
		n := -1
		_ = make([]byte, n)
	}
}

func (b *bomb) GetHead(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
	b.step("GetHead")
	head := b.m.Head()
	value, ok, err := b.m.Get(ctx, key)
	return value, ok, head, err
}

func (b *bomb) Get(ctx context.Context, key string) ([]byte, bool, error) {
	b.step("Get")
	return b.m.Get(ctx, key)
}

func (b *bomb) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	b.step("Set")
	return b.m.Set(ctx, key, value, ttl)
}

func (b *bomb) Delete(ctx context.Context, keys ...string) error {
	b.step("Delete")
	return b.m.Delete(ctx, keys...)
}

func (b *bomb) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	b.step("Since")
	return b.m.Since(ctx, after)
}

func (b *bomb) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	b.step("Append")
	return b.m.Append(ctx, e)
}

func (b *bomb) Lease(_ context.Context, _, holder string, _ time.Duration) (string, error) {
	b.step("Lease")
	return holder, nil
}

func (b *bomb) Release(context.Context, string, string) error {
	b.step("Release")
	return nil
}

func (b *bomb) Reach(context.Context) error {
	b.step("Reach")
	return nil
}

// panicked reports whether Observe was told of a panic.
func (n *notebook) panicked() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, o := range n.all {
		if errors.Is(o.Err, cache.ErrPanic) {
			return true
		}
	}
	return false
}

// A method that panics is one that fails: visitors have their value, Observe hears
// of it, and afterwards values are stored and purged as before.
func TestPanicOfABackendIsAnError(t *testing.T) {
	for _, maxStale := range []time.Duration{0, 20 * time.Millisecond} {
		for _, method := range []string{"GetHead", "Set", "Since", "Lease", "Release"} {
			t.Run(method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newBomb(t)
					var seen notebook
					c := newCache(t, b, &coherent.Options{MaxStale: maxStale, Lease: time.Second, Observe: seen.note})
					r := &row{v: 1}
					b.arm(method)
					for range 3 {
						wantRow(t, c, r, 1, "while "+method+" panics")
						time.Sleep(100 * time.Millisecond)
					}
					if !seen.panicked() {
						t.Errorf("Observe was told %q, and of no panic", seen.ops())
					}
					b.disarm()
					time.Sleep(5 * time.Second)
					wantRow(t, c, r, 1, "afterwards")
					r.write(2)
					wantRow(t, c, r, 1, "afterwards, stored")
					purge(t, c, group())
					wantRow(t, c, r, 2, "afterwards, purged")
				})
			})
		}
	}
}

// A purge that panics has failed, and so has a deletion.
func TestPanicOfAWriteIsItsError(t *testing.T) {
	b := newBomb(t)
	c := newCache(t, b, nil)
	b.arm("Append")
	if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{group()}}); !errors.Is(err, cache.ErrPanic) {
		t.Errorf("Purge returned %v, want cache.ErrPanic", err)
	}
	b.arm("Delete")
	if err := engine.NewValues(c.Engine(), texts{}).Delete(t.Context(), "k"); !errors.Is(err, cache.ErrPanic) {
		t.Errorf("Delete returned %v, want cache.ErrPanic", err)
	}
}

// What asks a server that is away goes on asking, whatever it runs into.
func TestPanicDuringAnOutage(t *testing.T) {
	for _, exits := range []bool{false, true} {
		for _, method := range []string{"GetHead", "Reach"} {
			synctest.Test(t, func(t *testing.T) {
				b := newBomb(t)
				var seen notebook
				c := newCache(t, b, &coherent.Options{Observe: seen.note})
				r := &row{v: 1}
				b.arm("Since")
				wantRow(t, c, r, 1, "at first")
				time.Sleep(time.Second)
				wantRow(t, c, r, 1, "in the outage")
				b.exits.Store(exits)
				b.arm(method)
				time.Sleep(3 * time.Second)
				wantRow(t, c, r, 1, "while "+method+" panics")
				b.disarm()
				time.Sleep(3 * time.Second)
				if got := seen.ops(); got != "get unavailable available" {
					t.Errorf("observed %q, want one outage that ended", got)
				}
				wantRow(t, c, r, 1, "afterwards")
				r.write(2)
				wantRow(t, c, r, 1, "afterwards, stored")
			})
		}
	}
}

// A log that ends the goroutine which reads it leaves nobody waiting: neither
// those of this read, nor the requests that wait for the next.
func TestGoexitOfALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBomb(t)
		c := newCache(t, b, &coherent.Options{NoBreaker: true, Timeout: time.Hour})
		b.exits.Store(true)
		b.arm("Since")
		r := &row{v: 1}
		done := make(chan struct{})
		for range 10 {
			go func() {
				wantRow(t, c, r, 1, "while Since exits")
				done <- struct{}{}
			}()
		}
		for range 10 {
			<-done
		}
		b.disarm()
		wantRow(t, c, r, 1, "afterwards")
		r.write(2)
		wantRow(t, c, r, 1, "afterwards, stored")
	})
}

// localBomb keeps Go values, and a log, in this process.
type localBomb struct {
	*memory.Backend
	b *bomb
}

func (l localBomb) GetLocal(key []byte) (any, bool) {
	l.b.step("GetLocal")
	return l.Backend.GetLocal(key)
}

func (l localBomb) SetLocal(key string, value any, size int, ttl time.Duration) {
	l.b.step("SetLocal")
	l.Backend.SetLocal(key, value, size, ttl)
}

func (l localBomb) Head() cache.Position {
	l.b.step("Head")
	return l.Backend.Head()
}

func (l localBomb) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	l.b.step("Since")
	return l.Backend.Since(ctx, after)
}

func TestPanicOfALocalBackendIsAnError(t *testing.T) {
	for _, method := range []string{"GetLocal", "SetLocal", "Head", "Since"} {
		t.Run(method, func(t *testing.T) {
			b := newBomb(t)
			var seen notebook
			c := newCache(t, localBomb{b.m, b}, &coherent.Options{Observe: seen.note})
			v := engine.NewValues(c.Engine(), texts{})
			r := &row{v: 1}
			if _, err := b.m.Append(t.Context(), cache.Event{}); err != nil { // so that there is something to read
				t.Fatal(err)
			}
			b.arm(method)
			wantRow(t, c, r, 1, "while "+method+" panics")
			if s := v.Hit([]byte("k"), time.Now()); s != nil {
				t.Errorf("Hit found %v", s)
			}
			if !seen.panicked() {
				t.Errorf("Observe was told %q, and of no panic", seen.ops())
			}
			b.disarm()
			wantRow(t, c, r, 1, "afterwards")
			r.write(2)
			wantRow(t, c, r, 1, "afterwards, stored")
		})
	}
}

// Observe may be wrong about one kind of observation. It ends neither the process
// nor a page, and is told that it panicked.
func TestPanicOfObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBomb(t)
		var seen notebook
		c := newCache(t, b, &coherent.Options{MaxStale: 20 * time.Millisecond, Observe: func(o coherent.Observation) {
			seen.note(o)
			if o.Op != coherent.OpObserve {
				panic("no error in it: " + o.Err.Error())
			}
		}})
		r := &row{v: 1}
		wantRow(t, c, r, 1, "at first")
		b.arm("Since")
		time.Sleep(time.Second) // the reader, and the breaker
		wantRow(t, c, r, 1, "in an outage")
		b.disarm()
		time.Sleep(3 * time.Second)
		r.write(2)
		wantRow(t, c, r, 1, "after it")
		if !seen.panicked() {
			t.Errorf("Observe was told %q, and of no panic", seen.ops())
		}
	})
}

// Observe that ends the goroutine which asks a dead server does not end the asking.
func TestGoexitOfObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBomb(t)
		c := newCache(t, b, &coherent.Options{Observe: func(o coherent.Observation) {
			if o.Op == coherent.OpUnavailable {
				runtime.Goexit()
			}
		}})
		r := &row{v: 1}
		b.arm("Since")
		for range 3 {
			wantRow(t, c, r, 1, "in an outage")
			time.Sleep(time.Second)
		}
		b.disarm()
		wantRow(t, c, r, 1, "after it")
		time.Sleep(time.Second)
		wantRow(t, c, r, 1, "after it, asked")
		r.write(2)
		wantRow(t, c, r, 1, "after it, stored")
	})
}
