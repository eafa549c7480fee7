package coherent_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/enginetest"
)

// newSlowLog returns a long log that processes share. Each page of it takes a while.
func newSlowLog(t *testing.T, page time.Duration) *enginetest.Remote {
	t.Helper()
	b := memory.New(&memory.Options{Log: &memory.LogOptions{MaxEvents: 200_000, MaxBytes: 64 << 20}})
	t.Cleanup(func() { _ = b.Close() })
	return &enginetest.Remote{Backend: b, OnSince: func(ctx context.Context) error { return sleep(ctx, page) }}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func appendMany(t *testing.T, l cache.Log, n int) {
	t.Helper()
	for i := range n {
		if _, err := l.Append(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Group(fmt.Sprint("other ", i))}}); err != nil {
			t.Fatal(err)
		}
	}
}

// counted fetches values that depend on the group of their key, and counts the loads.
type counted struct {
	loads atomic.Int64
	takes time.Duration
}

func (n *counted) fetch(ctx context.Context, c *coherent.Cache, key string) error {
	_, err := coherent.Fetch(ctx, c, key, time.Hour, func(ctx context.Context, deps *coherent.Deps) (int, error) {
		n.loads.Add(1)
		deps.Add(cache.Group(key))
		return 1, sleep(ctx, n.takes)
	})
	return err
}

// want fetches a value, and fails unless that makes so many loads.
func (n *counted) want(t *testing.T, c *coherent.Cache, key string, loads int64, when string) {
	t.Helper()
	before := n.loads.Load()
	if err := n.fetch(t.Context(), c, key); err != nil {
		t.Errorf("%s: %s: %v", when, key, err)
	}
	if got := n.loads.Load() - before; got != loads {
		t.Errorf("%s: %s was loaded %d times, want %d", when, key, got, loads)
	}
}

// A process starts with a log of 100,000 events, or has slept through as many. It waits for
// one page, or for half of Timeout. Then it collapses and stores. When it has read the
// rest, it serves older values, too.
func TestLongLogIsReadInTheBackground(t *testing.T) {
	for name, tt := range map[string]struct {
		sleeps bool
		waits  time.Duration
	}{
		"a new process":            {false, 10 * time.Millisecond},
		"a process that has slept": {true, 40 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const page = 10 * time.Millisecond
				b := newSlowLog(t, page)
				other := newCache(t, b, nil)
				var stored counted
				c := newCache(t, b, nil)
				stored.want(t, other, "kept", 1, "at first")
				stored.want(t, other, "purged", 1, "at first")
				if tt.sleeps {
					stored.want(t, c, "kept", 0, "before it sleeps")
				}
				appendMany(t, b, 60_000)
				purge(t, other, cache.Group("purged"))
				appendMany(t, b, 40_000)

				began := time.Now()
				fresh := counted{takes: 30 * time.Millisecond}
				var visitors sync.WaitGroup
				for range 200 {
					visitors.Go(func() {
						if err := fresh.fetch(t.Context(), c, "new"); err != nil {
							t.Error(err)
						}
					})
				}
				visitors.Wait()
				if d := time.Since(began); d > tt.waits+fresh.takes+2*page {
					t.Errorf("200 visitors waited %v, want %v", d, tt.waits+fresh.takes)
				}
				if got := fresh.loads.Load(); got != 1 {
					t.Errorf("200 visitors had the value loaded %d times, want once", got)
				}
				fresh.want(t, c, "new", 0, "a moment later")
				// It is not known yet whether it was purged.
				stored.want(t, c, "unknown", 1, "while it reads")
				time.Sleep(200 * page)
				fresh.want(t, c, "new", 0, "when everything is read")
				stored.want(t, c, "unknown", 0, "when everything is read")
				stored.want(t, c, "kept", 0, "when everything is read")
				stored.want(t, c, "purged", 1, "when everything is read")
				purge(t, other, cache.Group("new"), cache.Group("kept"))
				fresh.want(t, c, "new", 1, "after a purge")
				stored.want(t, c, "kept", 1, "after a purge")
			})
		})
	}
}

// A value that is purged while the process reads its history is not served.
func TestPurgeWhileTheHistoryIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const page = 10 * time.Millisecond
		b := newSlowLog(t, page)
		other := newCache(t, b, nil)
		var n counted
		n.want(t, other, "old", 1, "at first")
		appendMany(t, b, 50_000)
		c := newCache(t, b, nil)
		n.want(t, c, "new", 1, "at the start")
		for i := range 10 {
			n.want(t, c, "new", 0, "while it reads")
			purge(t, other, cache.Group("new"))
			n.want(t, c, "new", 1, "after a purge")
			if i == 5 {
				purge(t, other, cache.Group("old"))
			}
		}
		time.Sleep(100 * page)
		n.want(t, c, "old", 1, "purged while it read")
		n.want(t, c, "new", 0, "when everything is read")
	})
}

// If the log fails while the history is read, the read goes on where it was.
func TestLogFailsWhileTheHistoryIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSlowLog(t, 0)
		other := newCache(t, b, nil)
		var n counted
		n.want(t, other, "kept", 1, "at first")
		appendMany(t, b, 50_000)
		var fails atomic.Bool
		errLog := errors.New("the log is away")
		pages := 0
		var told []coherent.Op
		var mu sync.Mutex
		slow := &enginetest.Remote{Backend: b, OnSince: func(ctx context.Context) error {
			mu.Lock()
			pages++
			mu.Unlock()
			if fails.Load() {
				return errLog
			}
			return sleep(ctx, 10*time.Millisecond)
		}}
		c := newCache(t, slow, &coherent.Options{Observe: func(o coherent.Observation) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, o.Op)
		}})
		n.want(t, c, "new", 1, "at the start")
		time.Sleep(100 * time.Millisecond)
		fails.Store(true)
		time.Sleep(4 * time.Second)
		fails.Store(false)
		time.Sleep(2 * time.Second)
		n.want(t, c, "kept", 0, "when everything is read")
		mu.Lock()
		defer mu.Unlock()
		if fmt.Sprint(told) != fmt.Sprint([]coherent.Op{coherent.OpSince}) {
			t.Errorf("Observe was told of %v, want one failure", told)
		}
		if most := 50_000/1000 + 20; pages > most {
			t.Errorf("%d pages were asked for, want at most %d: what was read is kept", pages, most)
		}
	})
}

func TestCloseWhileTheHistoryIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSlowLog(t, 0)
		appendMany(t, b, 50_000)
		b.OnSince = func(ctx context.Context) error { return sleep(ctx, time.Second) }
		c := newCache(t, b, &coherent.Options{Timeout: 2 * time.Second})
		var n counted
		n.want(t, c, "new", 1, "at the start")
		time.Sleep(3500 * time.Millisecond)
		began := time.Now()
		if err := c.Close(); err != nil || time.Since(began) != 0 {
			t.Errorf("Close: got %v after %v, want nil at once", err, time.Since(began))
		}
	})
}
