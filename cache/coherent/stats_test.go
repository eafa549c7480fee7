package coherent_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
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

// Each purge counts once, by the widest kind that it names.
func TestStatsOfPurges(t *testing.T) {
	b := newSwitched(t)
	c := newCache(t, b, nil)
	purge(t, c, cache.URI("/a"), cache.Path("/a/"))
	purge(t, c, cache.Group("a"), cache.Path("/a/"))
	purge(t, c, cache.OriginGroup("a.example", "a"))
	purge(t, c, cache.Route("/a/{id}"), cache.Path("/a/"))
	purge(t, c, cache.Prefix("/a/"), cache.Group("a"))
	purge(t, c, cache.All, cache.URI("/a"))
	purge(t, c)
	b.GoAway(enginetest.Refuse)
	if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Path("/a/")}}); err == nil {
		t.Fatal("a purge of a log that is away succeeded")
	}
	s := c.Stats()
	const want = "[{all 1 0} {prefix 1 0} {route 1 0} {group 2 0} {path 1 1} {none 1 0}]"
	if got := fmt.Sprint(s.Purges); got != want {
		t.Errorf("purges %s, want %s", got, want)
	}
	if s.PurgeTime.Count != 7 {
		t.Errorf("the time of %d purges is known, want 7", s.PurgeTime.Count)
	}
}

// A purge takes as long as the log.
func TestStatsOfPurgeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSwitched(t)
		c := newCache(t, b, nil)
		b.GoAway(enginetest.Slow(20 * time.Millisecond))
		purge(t, c, group())
		purge(t, c, group())
		if s := c.Stats().PurgeTime; s.Count != 2 || s.Sum != 40*time.Millisecond {
			t.Errorf("%d purges took %v, want 2 and 40 ms", s.Count, s.Sum)
		}
	})
}

// The age of the view is that of the last proof that it has all events.
func TestStatsOfTheView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			name string
			opts coherent.Options
		}{
			{"strict", coherent.Options{}},
			{"no breaker", coherent.Options{NoBreaker: true}},
		} {
			c := newCache(t, newSwitched(t), &tt.opts)
			time.Sleep(time.Second)
			if got := c.Stats().ViewAge; got != time.Second {
				t.Errorf("%s: %v before the log was read, want the age of the Cache", tt.name, got)
			}
			r := &row{v: 1}
			wantRow(t, c, r, 1, "at first")
			purge(t, c, group())
			wantRow(t, c, r, 1, "after a purge")
			time.Sleep(time.Minute)
			if got := c.Stats().ViewAge; got < time.Minute || got > time.Minute+budget {
				t.Errorf("%s: %v without a request, want a minute", tt.name, got)
			}
			wantRow(t, c, r, 1, "a hit, which confirms the log")
			if got := c.Stats().ViewAge; got > budget {
				t.Errorf("%s: %v after a hit, want nearly nothing", tt.name, got)
			}
		}
		local := newCache(t, newMemory(t), nil)
		stale := newCache(t, newSwitched(t), &coherent.Options{MaxStale: 100 * time.Millisecond})
		time.Sleep(time.Hour)
		if got := local.Stats().ViewAge; got != 0 {
			t.Errorf("%v of a log in memory, want 0", got)
		}
		if got := stale.Stats().ViewAge; got > 100*time.Millisecond {
			t.Errorf("%v with MaxStale, want at most that", got)
		}
	})
}

// With MaxStale a store that answers says nothing about a log that does not.
func TestStatsOfAViewThatIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lost atomic.Bool
		b := &enginetest.Remote{Backend: newMemory(t)}
		b.OnSince = func(ctx context.Context) error {
			if lost.Load() {
				return enginetest.ErrRefused
			}
			return nil
		}
		c := newCache(t, b, &coherent.Options{MaxStale: time.Minute, NoBreaker: true})
		r := &row{v: 1}
		wantRow(t, c, r, 1, "at first")
		lost.Store(true)
		time.Sleep(50 * time.Second)
		wantRow(t, c, r, 1, "a hit by an older view")
		if got := c.Stats().ViewAge; got < 50*time.Second-time.Microsecond {
			t.Errorf("the view is %v old, want what it is: 50 s and more", got)
		}
	})
}

// Outages and gaps are counted, and Available says how it is now.
func TestStatsOfAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSwitched(t)
		c := newCache(t, b, nil)
		r := &row{v: 1}
		wantRow(t, c, r, 1, "at first")
		purge(t, c, group())
		wantRow(t, c, r, 1, "after a purge")
		if s := c.Stats(); !s.Available || s.Outages != 0 || s.Position == 0 {
			t.Errorf("at first: %+v", s)
		}
		for n := range uint64(3) {
			time.Sleep(time.Second) // a failure at the moment of an answer would not count
			b.GoAway(enginetest.Refuse)
			wantRow(t, c, r, 1, "in an outage")
			time.Sleep(time.Second)
			if s := c.Stats(); s.Available || s.Outages != n+1 {
				t.Errorf("outage %d: available is %v, %d outages", n+1, s.Available, s.Outages)
			}
			b.ComeBack()
			time.Sleep(2 * time.Second)
			if s := c.Stats(); !s.Available || s.Outages != n+1 {
				t.Errorf("after outage %d: available is %v, %d outages", n+1, s.Available, s.Outages)
			}
		}
	})
}

func TestStatsOfAGap(t *testing.T) {
	l := newMemory(t)
	one, other := newCache(t, l, nil), newCache(t, &enginetest.Remote{Backend: l}, nil)
	r := &row{v: 1}
	purge(t, one, group())
	wantRow(t, other, r, 1, "has read the log")
	for range 110_000 { // more than the log remembers
		purge(t, one, cache.Group("other"))
	}
	wantRow(t, other, r, 1, "finds a gap")
	if got := other.Stats().Gaps; got != 1 {
		t.Errorf("%d gaps, want 1", got)
	}
	if got := one.Stats().Gaps; got != 0 {
		t.Errorf("%d gaps of a process that has read on, want 0", got)
	}
}

// Calls of Fetch, by how they were answered.
func TestStatsOfFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, newMemory(t), nil)
		loads := 0
		fetch := func(key string, err error) {
			_, _ = coherent.Fetch(t.Context(), c, key, time.Minute, func(context.Context, *coherent.Deps) (int, error) {
				loads++
				time.Sleep(time.Second)
				return 1, err
			})
		}
		fetch("a", nil)
		fetch("a", nil)
		fetch("a", nil)
		fetch("fails", errors.New("no"))
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { fetch("b", nil) })
		}
		wg.Wait()
		ctx := cache.WithBypass(t.Context())
		_, _ = coherent.Fetch(ctx, c, "a", time.Minute, func(context.Context, *coherent.Deps) (int, error) { loads++; return 1, nil })
		s := c.Stats().Fetch
		if s.Hits != 2 || s.Failed != 1 || s.Loads.Count != uint64(loads) || s.Collapsed+s.Loads.Count != 3+3 || s.Collapsed == 0 {
			t.Errorf("%d loads; got %+v", loads, s)
		}
		if want := time.Duration(loads-1) * time.Second; s.Loads.Sum != want {
			t.Errorf("loads took %v, want %v", s.Loads.Sum, want)
		}
	})
}

// What is logged, and at which level.
func TestSlogObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		observe := coherent.SlogObserver(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
			Level: slog.LevelDebug,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			},
		})))
		observe(coherent.Observation{Op: coherent.OpUnavailable, Err: errors.New("refused")})
		observe(coherent.Observation{Op: coherent.OpAvailable})
		observe(coherent.Observation{Op: coherent.OpGap, Floor: 7})
		for range 5 {
			observe(coherent.Observation{Op: coherent.OpGet, Key: "k", Err: errors.New("WRONGTYPE")})
		}
		time.Sleep(time.Minute)
		observe(coherent.Observation{Op: coherent.OpGet, Key: "l", Err: errors.New("WRONGTYPE")})
		const want = `level=ERROR msg="cache: the backend does not answer; requests do without it" op=unavailable error=refused
level=INFO msg="cache: the backend answers again" op=available
level=WARN msg="cache: events of the log were lost; nothing stored before is served" op=gap floor=7
level=WARN msg="cache: get failed" op=get key=k error=WRONGTYPE
level=WARN msg="cache: get failed" op=get key=l error=WRONGTYPE more=4
`
		if out.String() != want {
			t.Errorf("logged\n%swant\n%s", out.String(), want)
		}
	})
}

func TestSlogObserverOfNil(t *testing.T) {
	defer func() {
		if p := recover(); !strings.HasPrefix(fmt.Sprint(p), "coherent: SlogObserver") {
			t.Errorf("panic: %v", p)
		}
	}()
	coherent.SlogObserver(nil)
}
