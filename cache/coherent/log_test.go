package coherent_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/enginetest"
)

// A process starts, and its log takes longer to read than a request may wait. It catches up
// nevertheless, and requests wait no longer than Timeout.
func TestLongLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &enginetest.Remote{Backend: newMemory(t)}
		var reads atomic.Int64
		b.OnSince = func(ctx context.Context) error {
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

// Requests that come while the log is read share the next read. They never use the one that
// began before them.
func TestOneReadInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &enginetest.Remote{Backend: newMemory(t)}
		// Values are in memory, so only the log is remote.
		c := newCache(t, cache.Join(newMemory(t), b), &coherent.Options{Timeout: time.Minute})
		r := &row{v: 1}
		wantRow(t, c, r, 1, "warming")
		before := b.Sinces.Load()
		b.OnSince = func(context.Context) error { time.Sleep(time.Second); return nil }
		first := make(chan int, 1)
		go func() { v, _ := fetchRow(t.Context(), c, r); first <- v }()
		synctest.Wait() // its read has begun, and may miss later events

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
		if n := b.Sinces.Load() - before; n > 3 {
			t.Errorf("51 requests read the log %d times, want at most 3", n)
		}
	})
}

// A log that breaks its contract loses no purge: a list that ends before the head is never
// taken for the whole.
func TestLogThatBreaksItsContract(t *testing.T) {
	for name, change := range map[string]func(*cache.Events){
		"a page that does not say so": func(ev *cache.Events) {
			if n := len(ev.List); n > 1 {
				ev.List, ev.More = ev.List[:1], false
			}
		},
		"more, and gives nothing": func(ev *cache.Events) {
			if len(ev.List) > 0 {
				ev.List, ev.More = nil, true
			}
		},
		"the last event is missing": func(ev *cache.Events) {
			if n := len(ev.List); n > 0 {
				ev.List = ev.List[:n-1]
			}
		},
		"an event is there twice, in place of another": func(ev *cache.Events) {
			if n := len(ev.List); n > 1 {
				ev.List[1] = ev.List[0]
			}
		},
		"an event is left out, and the next page begins behind": func(ev *cache.Events) {
			if n := len(ev.List); n > 2 {
				ev.List = append(ev.List[:1:1], ev.List[2:]...)
				ev.Head, ev.More = ev.Head-1, false
			}
		},
		"positions are not set": func(ev *cache.Events) {
			for i := range ev.List {
				ev.List[i].Position = 0
			}
		},
		"events in reverse order": func(ev *cache.Events) { slices.Reverse(ev.List) },
		"begins before what was asked for": func(ev *cache.Events) {
			if len(ev.List) > 0 {
				ev.Head, ev.From, ev.List = ev.Head-4, ev.From-1, nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newMemory(t)
			c := newCache(t, cache.Join(b, shortLog{b, change}), nil)
			var r row
			wantRow(t, c, &r, 0, "at first")
			for i := range 20 {
				r.write(i + 1)
				for _, d := range []cache.Dependency{cache.Group("other"), group(), cache.Group("another")} {
					if _, err := b.Append(t.Context(), cache.Event{Dependencies: []cache.Dependency{d}}); err != nil {
						t.Fatal(err)
					}
				}
				wantRow(t, c, &r, i+1, "after a purge")
			}
		})
	}
}

type shortLog struct {
	cache.Log
	change func(*cache.Events)
}

func (l shortLog) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	ev, err := l.Log.Since(ctx, after)
	l.change(&ev)
	return ev, err
}

// A process purges more between two requests than its log remembers. Values that were not
// named are still served.
func TestManyOwnPurges(t *testing.T) {
	b := newMemory(t)
	c := newCache(t, b, nil)
	var n counted
	n.want(t, c, "kept", 1, "at first")
	large := strings.Repeat("x", 900_000)
	for i := range 60 { // 54 MB, and the log keeps 16
		purge(t, c, cache.Group(fmt.Sprint(i, large)))
	}
	n.want(t, c, "kept", 0, "after 60 large purges")
	for i := range memory.DefaultMaxEvents + 1000 {
		purge(t, c, cache.Group(fmt.Sprint(i)))
	}
	n.want(t, c, "kept", 0, "after as many purges as the log remembers")
	purge(t, c, cache.Group("kept"))
	n.want(t, c, "kept", 1, "after its own purge")
}
