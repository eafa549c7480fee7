package coherent_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

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

// A call joins a load, and the load then names a group that was purged before the call
// began: the call does not return its value.
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

func TestWaitersOfAFailedLoad(t *testing.T) {
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
							t.Errorf("a call that waited: %v", err)
						}
						got <- v
					}()
				}
				synctest.Wait()
				close(goOn)
				for range 3 {
					if v := <-got; v != 7 {
						t.Errorf("a call that waited: got %d, want 7", v)
					}
				}
			})
		})
	}
}

func TestContextOfAWaiter(t *testing.T) {
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
			t.Errorf("a waiting call whose context ended: got %v, want %v", err, context.DeadlineExceeded)
		}
		close(goOn)
		if err := <-first; err != nil {
			t.Errorf("the fill, whose context goes on: %v", err)
		}
	})
}

// A call that looked just before a load stored its value, and joins after the load has
// ended, returns that value.
func TestJoinAfterTheFlightEnded(t *testing.T) {
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

// When the context of a loading call ends, one of the waiting calls loads next, not all of
// them at once.
func TestLoadOfACallerThatLeaves(t *testing.T) {
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
