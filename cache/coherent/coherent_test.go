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

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// remote hides that a memory backend is in this process, so that a Cache over it
// goes the roads that it goes over Redis. Its hooks run before the call.
type remote struct {
	cache.Backend
	onGet, onSet, onSince, onAppend func(ctx context.Context) error
	sinces                          atomic.Int64
}

func run(ctx context.Context, hook func(context.Context) error) error {
	if hook == nil {
		return nil
	}
	return hook(ctx)
}

func (r *remote) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := run(ctx, r.onGet); err != nil {
		return nil, false, err
	}
	return r.Backend.Get(ctx, key)
}

func (r *remote) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := run(ctx, r.onSet); err != nil {
		return err
	}
	return r.Backend.Set(ctx, key, value, ttl)
}

func (r *remote) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	r.sinces.Add(1)
	if err := run(ctx, r.onSince); err != nil {
		return cache.Events{}, err
	}
	return r.Backend.Since(ctx, after)
}

func (r *remote) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	if err := run(ctx, r.onAppend); err != nil {
		return 0, err
	}
	return r.Backend.Append(ctx, e)
}

func newMemory(t *testing.T) *memory.Backend {
	t.Helper()
	b := memory.New(nil)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func newCache(t *testing.T, b cache.Backend, opts *coherent.Options) *coherent.Cache {
	t.Helper()
	c, err := coherent.New(b, opts)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func purge(t *testing.T, c *coherent.Cache, deps ...cache.Dependency) {
	t.Helper()
	if err := c.Purge(t.Context(), cache.Event{Dependencies: deps}); err != nil {
		t.Fatalf("Purge(%v): %v", deps, err)
	}
}

// row is a record of a database: what a fill reads.
type row struct {
	mu sync.Mutex
	v  int
}

func (r *row) read() int      { r.mu.Lock(); defer r.mu.Unlock(); return r.v }
func (r *row) write(v int)    { r.mu.Lock(); defer r.mu.Unlock(); r.v = v }
func group() cache.Dependency { return cache.Group("row") }

func fetchRow(ctx context.Context, c *coherent.Cache, r *row) (int, error) {
	return coherent.Fetch(ctx, c, "row", time.Minute, func(_ context.Context, deps *coherent.Deps) (int, error) {
		v := r.read()
		deps.Add(group())
		return v, nil
	})
}

func wantRow(t *testing.T, c *coherent.Cache, r *row, want int, when string) {
	t.Helper()
	got, err := fetchRow(t.Context(), c, r)
	if err != nil || got != want {
		t.Errorf("%s: got %d, %v; want %d", when, got, err, want)
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	b := newMemory(t)
	for name, tt := range map[string]struct {
		b    cache.Backend
		opts coherent.Options
		says string // at its beginning
	}{
		"no backend":               {nil, coherent.Options{}, "coherent: New: the backend is nil"},
		"a nil *memory.Backend":    {(*memory.Backend)(nil), coherent.Options{}, "coherent: New: the backend is nil"},
		"negative MaxStale":        {b, coherent.Options{MaxStale: -1}, "coherent: Options.MaxStale: -1ns is less than 1ms"},
		"MaxStale too short":       {b, coherent.Options{MaxStale: time.Microsecond}, "coherent: Options.MaxStale: 1µs is less than 1ms"},
		"negative MaxDependencies": {b, coherent.Options{MaxDependencies: -1}, "coherent: Options.MaxDependencies: -1 is not from 0 to 268435456"},
		"negative Timeout":         {b, coherent.Options{Timeout: -1}, "coherent: Options.Timeout: -1ns is less than 1ms"},
		"Timeout too short":        {b, coherent.Options{Timeout: 1}, "coherent: Options.Timeout: 1ns is less than 1ms"},
		"Lease too short":          {b, coherent.Options{Lease: 1}, "coherent: Options.Lease: 1ns is less than 1ms"},
		"negative CollapseTimeout": {b, coherent.Options{CollapseTimeout: -1}, "coherent: Options.CollapseTimeout: -1ns is less than 1ms"},
	} {
		_, err := coherent.New(tt.b, &tt.opts)
		if !errors.Is(err, coherent.ErrOptions) || !strings.HasPrefix(err.Error(), tt.says) {
			t.Errorf("%s: got error %v, want ErrOptions that says %q", name, err, tt.says)
		}
	}
}

// Every road that a value can go, each with the same story.
func TestHitUntilPurged(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) cache.Backend{
		"memory": func(t *testing.T) cache.Backend { return newMemory(t) },
		"remote": func(t *testing.T) cache.Backend { return &remote{Backend: newMemory(t)} },
		"joined": func(t *testing.T) cache.Backend { return cache.Join(newMemory(t), memory.NewLog(nil)) },
		"bytes in memory, remote log": func(t *testing.T) cache.Backend {
			return cache.Join(newMemory(t), &remote{Backend: newMemory(t)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCache(t, open(t), nil)
			r := &row{v: 1}
			wantRow(t, c, r, 1, "first fetch")
			r.write(2)
			wantRow(t, c, r, 1, "changed, not purged: a hit")
			purge(t, c, cache.Group("other"))
			wantRow(t, c, r, 1, "another group purged: a hit")
			purge(t, c, group())
			wantRow(t, c, r, 2, "purged")
			r.write(3)
			wantRow(t, c, r, 2, "changed again: a hit")
			purge(t, c, cache.All)
			wantRow(t, c, r, 3, "all purged")
			if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{group()}, Soft: true}); err != nil {
				t.Fatal(err)
			}
			r.write(4)
			wantRow(t, c, r, 4, "softly purged: Fetch has no use for stale values")
		})
	}
}

// The race of design.md §2, with the fill's group named after the purge.
func TestFillThatBeganBeforeAPurge(t *testing.T) {
	for _, late := range []bool{false, true} {
		c := newCache(t, newMemory(t), nil)
		r := &row{v: 1}
		read, goOn := make(chan struct{}), make(chan struct{})
		done := make(chan int)
		go func() {
			v, _ := coherent.Fetch(t.Context(), c, "row", time.Minute, func(_ context.Context, deps *coherent.Deps) (int, error) {
				if !late {
					deps.Add(group())
				}
				v := r.read()
				close(read)
				<-goOn
				if late {
					deps.Add(group())
				}
				return v, nil
			})
			done <- v
		}()
		<-read
		r.write(2)
		purge(t, c, group())
		if !late {
			// The fill that is under way has named the group: this one must
			// not wait for it.
			wantRow(t, c, r, 2, "asked after the purge, while the old fill renders")
		}
		close(goOn)
		if v := <-done; v != 1 {
			t.Errorf("the request that began before the save: got %d, want 1", v)
		}
		wantRow(t, c, r, 2, "asked after the old fill has stored")
	}
}

// A request that joined a fill before the fill named a group which was purged
// before the request began must not be answered by it.
func TestJoinedFillThatNamesAPurgedGroupLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, newMemory(t), nil)
		r := &row{v: 1}
		var loads atomic.Int64
		goOn := make(chan struct{})
		load := func(_ context.Context, deps *coherent.Deps) (int, error) {
			v := r.read()
			if loads.Add(1) == 1 {
				<-goOn
			}
			deps.Add(group())
			return v, nil
		}
		first := make(chan int, 1)
		second := make(chan int, 1)
		go func() { v, _ := coherent.Fetch(t.Context(), c, "k", 0, load); first <- v }()
		synctest.Wait()
		r.write(2)
		purge(t, c, group())
		go func() { v, _ := coherent.Fetch(t.Context(), c, "k", 0, load); second <- v }()
		synctest.Wait() // the second waits for the first, which has named nothing yet
		if n := loads.Load(); n != 1 {
			t.Fatalf("loads under way: got %d, want 1", n)
		}
		close(goOn)
		if v := <-second; v != 2 {
			t.Errorf("began after the purge: got %d, want 2", v)
		}
		<-first
	})
}

func TestCollapse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, newMemory(t), nil)
		var loads atomic.Int64
		goOn := make(chan struct{})
		got := make(chan int, 100)
		for range 100 {
			go func() {
				v, err := coherent.Fetch(t.Context(), c, "k", 0, func(context.Context, *coherent.Deps) (int, error) {
					loads.Add(1)
					<-goOn
					return 7, nil
				})
				if err != nil {
					t.Error(err)
				}
				got <- v
			}()
		}
		synctest.Wait()
		close(goOn)
		for range 100 {
			if v := <-got; v != 7 {
				t.Errorf("got %d, want 7", v)
			}
		}
		if n := loads.Load(); n != 1 {
			t.Errorf("100 concurrent fetches made %d loads, want 1", n)
		}
	})
}

func TestFailedLoadDoesNotWedge(t *testing.T) {
	boom := errors.New("boom")
	for name, fail := range map[string]func() (int, error){
		"error": func() (int, error) { return 0, boom },
		"panic": func() (int, error) { panic(boom) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCache(t, newMemory(t), nil)
				goOn := make(chan struct{})
				go func() {
					defer func() { _ = recover() }()
					_, err := coherent.Fetch(t.Context(), c, "k", 0, func(context.Context, *coherent.Deps) (int, error) {
						<-goOn
						return fail()
					})
					if !errors.Is(err, boom) {
						t.Errorf("the load's own caller: got %v, want %v", err, boom)
					}
				}()
				synctest.Wait()
				got := make(chan int, 3)
				for range 3 {
					go func() {
						v, err := coherent.Fetch(t.Context(), c, "k", 0, func(context.Context, *coherent.Deps) (int, error) { return 7, nil })
						if err != nil {
							t.Errorf("a caller who waited: %v", err)
						}
						got <- v
					}()
				}
				synctest.Wait()
				close(goOn)
				for range 3 {
					if v := <-got; v != 7 {
						t.Errorf("a caller who waited: got %d, want 7", v)
					}
				}
			})
		})
	}
}

func TestWaiterHasItsOwnContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, newMemory(t), nil)
		goOn := make(chan struct{})
		first := make(chan error, 1)
		go func() {
			_, err := coherent.Fetch(t.Context(), c, "k", 0, func(context.Context, *coherent.Deps) (int, error) { <-goOn; return 7, nil })
			first <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := coherent.Fetch(ctx, c, "k", 0, func(context.Context, *coherent.Deps) (int, error) { return 8, nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a waiter whose context ended: got %v, want %v", err, context.DeadlineExceeded)
		}
		close(goOn)
		if err := <-first; err != nil {
			t.Errorf("the fill, whose context goes on: %v", err)
		}
	})
}

// A value passes its dependencies on to the value that was made from it, whether
// it was loaded, waited for, or found.
func TestNestedFetch(t *testing.T) {
	for _, warm := range []bool{false, true} {
		c := newCache(t, newMemory(t), nil)
		r := &row{v: 1}
		outer := func() (int, error) {
			return coherent.Fetch(t.Context(), c, "outer", 0, func(ctx context.Context, _ *coherent.Deps) (int, error) {
				return fetchRow(ctx, c, r)
			})
		}
		if warm {
			wantRow(t, c, r, 1, "warming")
		}
		if v, err := outer(); v != 1 || err != nil {
			t.Fatalf("outer: got %d, %v; want 1", v, err)
		}
		r.write(2)
		purge(t, c, group())
		if v, err := outer(); v != 2 || err != nil {
			t.Errorf("warm %v: the inner value was purged: outer gives %d, %v; want 2", warm, v, err)
		}
	}
}

// What could not be loaded is what the page around it was made from, too.
func TestNestedFetchThatFails(t *testing.T) {
	notFound := errors.New("not found")
	for name, fail := range map[string]func() (int, error){
		"error": func() (int, error) { return 0, notFound },
		"panic": func() (int, error) { panic(notFound) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCache(t, newMemory(t), nil)
			found := false
			outer := func() (int, error) {
				return coherent.Fetch(t.Context(), c, "outer", 0, func(ctx context.Context, _ *coherent.Deps) (v int, _ error) {
					defer func() { _ = recover() }()
					v, _ = coherent.Fetch(ctx, c, "inner", 0, func(_ context.Context, deps *coherent.Deps) (int, error) {
						deps.Add(group())
						if !found {
							return fail()
						}
						return 1, nil
					})
					return v, nil
				})
			}
			if v, err := outer(); v != 0 || err != nil {
				t.Fatalf("before there is one: got %d, %v; want 0", v, err)
			}
			found = true
			purge(t, c, group())
			if v, err := outer(); v != 1 || err != nil {
				t.Errorf("made and purged: got %d, %v; want 1", v, err)
			}
		})
	}
}

type post struct {
	Title string
	Tags  []string
}

func TestEveryCallerGetsACopy(t *testing.T) {
	c := newCache(t, newMemory(t), nil)
	load := func(context.Context, *coherent.Deps) (*post, error) {
		return &post{Title: "hello", Tags: []string{"a"}}, nil
	}
	for i := range 3 {
		p, err := coherent.Fetch(t.Context(), c, "post", 0, load)
		if err != nil || p.Title != "hello" || p.Tags[0] != "a" {
			t.Fatalf("fetch %d: got %+v, %v: a caller before changed it", i, p, err)
		}
		p.Title, p.Tags[0] = "changed", "changed"
	}
}

func TestFetchOfWhatJSONCannotHold(t *testing.T) {
	var seen []coherent.Observation
	c := newCache(t, newMemory(t), &coherent.Options{Observe: func(o coherent.Observation) { seen = append(seen, o) }})
	_, err := coherent.Fetch(t.Context(), c, "f", 0, func(context.Context, *coherent.Deps) (func(), error) { return func() {}, nil })
	if err != nil {
		t.Errorf("the value was loaded: got error %v", err)
	}
	if len(seen) != 1 || seen[0].Op != coherent.OpEncode {
		t.Errorf("observed %+v, want one %q", seen, coherent.OpEncode)
	}
}

func TestNegativeTTL(t *testing.T) {
	c := newCache(t, newMemory(t), nil)
	_, err := coherent.Fetch(t.Context(), c, "k", -1, func(context.Context, *coherent.Deps) (int, error) { return 1, nil })
	if !errors.Is(err, cache.ErrTTL) {
		t.Errorf("got %v, want %v", err, cache.ErrTTL)
	}
}

func TestBypass(t *testing.T) {
	c := newCache(t, newMemory(t), nil)
	r := &row{v: 1}
	wantRow(t, c, r, 1, "first fetch")
	r.write(2)
	if v, err := fetchRow(cache.WithBypass(t.Context()), c, r); v != 2 || err != nil {
		t.Errorf("in a transaction: got %d, %v; want the uncommitted 2", v, err)
	}
	wantRow(t, c, r, 1, "outside: what a transaction read must not be stored")
}

// A broken cache costs speed, never the value; a purge that fails says so.
func TestBrokenBackend(t *testing.T) {
	down := errors.New("connection refused")
	fail := func(context.Context) error { return down }
	for name, b := range map[string]*remote{
		"get":    {onGet: fail},
		"set":    {onSet: fail},
		"since":  {onSince: fail},
		"append": {onAppend: fail},
		"all":    {onGet: fail, onSet: fail, onSince: fail, onAppend: fail},
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
			if broken := b.onAppend != nil; broken != errors.Is(err, down) {
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

// A backend that hangs holds a request for Timeout, once.
func TestHungBackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		b := &remote{Backend: newMemory(t), onGet: hang, onSince: hang}
		c := newCache(t, b, &coherent.Options{Timeout: 30 * time.Millisecond})
		start := time.Now()
		wantRow(t, c, &row{v: 1}, 1, "hung")
		if d := time.Since(start); d != 30*time.Millisecond {
			t.Errorf("the request was held for %v, want 30ms", d)
		}
	})
}

// A process that starts beside a log which takes longer to read than a request
// may wait catches up all the same, and its requests wait no longer for it.
func TestLongLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &remote{Backend: newMemory(t)}
		var reads atomic.Int64
		b.onSince = func(ctx context.Context) error {
			if reads.Load() == 0 { // until it was read once
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
					return ctx.Err()
				}
				reads.Add(1)
			}
			return nil
		}
		c := newCache(t, b, &coherent.Options{Timeout: 50 * time.Millisecond})
		r := &row{v: 1}
		for deadline := time.Now().Add(10 * time.Second); reads.Load() == 0; {
			start := time.Now()
			wantRow(t, c, r, 1, "before the log was read")
			if d := time.Since(start); d > 50*time.Millisecond {
				t.Fatalf("a request was held for %v", d)
			}
			if time.Now().After(deadline) {
				t.Fatal("the log was not read within 10s")
			}
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Second)
		wantRow(t, c, r, 1, "filling")
		r.write(2)
		wantRow(t, c, r, 1, "a hit")
	})
}

// Requests that come while the log is being read share the next read, and never
// the one that began before them.
func TestOneReadInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &remote{Backend: newMemory(t)}
		// Values in memory, so that all that goes out is the log's reads.
		c := newCache(t, cache.Join(newMemory(t), b), &coherent.Options{Timeout: time.Minute})
		r := &row{v: 1}
		wantRow(t, c, r, 1, "warming")
		before := b.sinces.Load()
		b.onSince = func(context.Context) error { time.Sleep(time.Second); return nil }
		first := make(chan int, 1)
		go func() { v, _ := fetchRow(t.Context(), c, r); first <- v }()
		synctest.Wait() // its read has begun; it will not see what comes now, or may not

		r.write(2)
		purge(t, c, group())
		rest := make(chan int, 50)
		for range 50 {
			go func() { v, _ := fetchRow(t.Context(), c, r); rest <- v }()
		}
		<-first
		for range 50 {
			if v := <-rest; v != 2 {
				t.Errorf("a request that began after the purge: got %d, want 2", v)
			}
		}
		if n := b.sinces.Load() - before; n > 3 {
			t.Errorf("51 requests read the log %d times, want at most 3", n)
		}
	})
}

func TestMaxStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &remote{Backend: newMemory(t)}
		here := newCache(t, cache.Join(newMemory(t), log), &coherent.Options{MaxStale: 100 * time.Millisecond})
		there := newCache(t, cache.Join(newMemory(t), log), nil)
		r := &row{v: 1}
		wantRow(t, here, r, 1, "first")

		time.Sleep(time.Second)
		synctest.Wait()
		before := log.sinces.Load()
		for range 100 {
			wantRow(t, here, r, 1, "a hit")
		}
		if n := log.sinces.Load() - before; n != 0 {
			t.Errorf("100 hits read the log %d times, want 0", n)
		}

		r.write(2)
		purge(t, there, group())
		time.Sleep(100*time.Millisecond + 1)
		wantRow(t, here, r, 2, "MaxStale after a purge elsewhere")
		r.write(3)
		purge(t, here, group())
		wantRow(t, here, r, 3, "right after a purge here")
	})
}

// When the background reader can't confirm in time, requests do; when they can't
// either, they do without the cache.
func TestMaxStaleWithoutTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		log := &remote{Backend: newMemory(t)}
		log.onSince = func(context.Context) error {
			if broken.Load() {
				return errors.New("connection refused")
			}
			return nil
		}
		c := newCache(t, cache.Join(newMemory(t), log), &coherent.Options{MaxStale: 100 * time.Millisecond})
		r := &row{v: 1}
		wantRow(t, c, r, 1, "first")
		broken.Store(true)
		time.Sleep(101 * time.Millisecond)
		r.write(2)
		wantRow(t, c, r, 2, "the log can't be read for longer than MaxStale")
		broken.Store(false)
		time.Sleep(time.Second)
		wantRow(t, c, r, 1, "the log is back, and nothing was purged")
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &remote{Backend: newMemory(t)}
		c, err := coherent.New(b, &coherent.Options{MaxStale: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		r := &row{v: 1}
		wantRow(t, c, r, 1, "first")
		if err := errors.Join(c.Close(), c.Close()); err != nil {
			t.Errorf("Close twice: %v", err)
		}
		r.write(2)
		wantRow(t, c, r, 2, "closed")
		purge(t, c, group())
		// synctest fails the test if the background reader is still there.
	})
}

// The log of another process lost its head, or was taken back: nothing that was
// stored before is served.
func TestNewEra(t *testing.T) {
	b := newMemory(t)
	c := newCache(t, cache.Join(newMemory(t), b), nil)
	r := &row{v: 1}
	wantRow(t, c, r, 1, "first")
	r.write(2)
	events, err := b.Since(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Since(t.Context(), events.Head+1000); err != nil { // somebody knows better
		t.Fatal(err)
	}
	wantRow(t, c, r, 2, "a new era")
}

// A request that looked before a fill stored its value, and came to fill after
// it had ended, is answered by it.
func TestAMomentLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t)
		looked, goOn := make(chan struct{}), make(chan struct{})
		b := &slowGet{Backend: m, looked: looked, goOn: goOn}
		c := newCache(t, b, nil)
		r := &row{v: 1}
		late := make(chan int, 1)
		b.slow.Store(true)
		go func() { v, _ := fetchRow(t.Context(), c, r); late <- v }()
		<-looked // it has found nothing
		b.slow.Store(false)
		wantRow(t, c, r, 1, "a fill that begins and ends meanwhile")
		r.write(2)
		close(goOn)
		if v := <-late; v != 1 {
			t.Errorf("got %d: loaded again, want the 1 that was just stored", v)
		}
		time.Sleep(time.Minute)
		purge(t, c, group())
		wantRow(t, c, r, 2, "purged")
	})
}

type slowGet struct {
	cache.Backend
	slow         atomic.Bool
	looked, goOn chan struct{}
}

func (b *slowGet) Get(ctx context.Context, key string) ([]byte, bool, error) {
	slow := b.slow.Load()
	v, ok, err := b.Backend.Get(ctx, key)
	if slow {
		close(b.looked)
		<-b.goOn
	}
	return v, ok, err
}
