package invalidate_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/invalidate"
)

func TestCloseDropsRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTimeline()
		inv := repeating(l, nil)
		if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		for range 2 {
			if err := inv.Close(); err != nil {
				t.Error(err)
			}
		}
		if n := l.dropped(); n != 1 {
			t.Errorf("Observe heard of %d dropped repeats, want 1", n)
		}
		if o := l.observed[len(l.observed)-1]; o.Repeat != 2 {
			t.Errorf("dropped repeat %d, want the second", o.Repeat)
		}
		// A closed Invalidator purges, does not repeat, and says so.
		if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour)
		l.want(t, "0s", "5s", "10s")
		if n := l.dropped(); n != 2 {
			t.Errorf("Observe heard of %d dropped repeats, want 2", n)
		}
	})
}

// Close waits for a repeat that has begun, but not forever.
func TestCloseWaitsForARepeat(t *testing.T) {
	for _, c := range []struct {
		takes time.Duration
		fails bool
	}{{3 * time.Second, false}, {time.Hour, true}} {
		synctest.Test(t, func(t *testing.T) {
			l := newTimeline()
			l.fail = func(n int) error {
				if n > 1 {
					time.Sleep(c.takes) // and ignores its context
				}
				return nil
			}
			inv := repeating(l, nil)
			if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(6 * time.Second)
			began := time.Now()
			err := inv.Close()
			if (err != nil) != c.fails {
				t.Errorf("Close, while a purge takes %v: %v", c.takes, err)
			}
			if d := time.Since(began); d > 6*time.Second || !c.fails && d != 2*time.Second {
				t.Errorf("Close took %v", d)
			}
			time.Sleep(2 * time.Hour)
			if n := l.dropped(); n != 1 {
				t.Errorf("Observe heard of %d dropped repeats, want that after it", n)
			}
		})
	}
}

// What waits is bounded by number and by bytes. Observe is told what is dropped.
func TestRepeatsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTimeline()
		inv := repeating(l, nil)
		for range 10_003 {
			if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil {
				t.Fatal(err)
			}
		}
		if n := l.dropped(); n != 3 {
			t.Errorf("%d repeats of 10,003 were dropped, want 3", n)
		}
		time.Sleep(time.Hour) // there is room again
		if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil || l.dropped() != 3 {
			t.Errorf("later: %v, %d dropped", err, l.dropped())
		}
		_ = inv.Close()

		l = newTimeline()
		inv = repeating(l, nil)
		long := strings.Repeat("x", 4<<20)
		for range 20 {
			if err := inv.Invalidate(t.Context(), &Post{Slug: long}); err != nil {
				t.Fatal(err)
			}
		}
		if n := l.dropped(); n < 4 || n > 6 {
			t.Errorf("%d repeats of 20 with 4 MiB were dropped, want those beyond 64 MiB", n)
		}
		_ = inv.Close()
	})
}

// Only a few events are purged again at a time.
func TestConcurrentRepeatsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTimeline()
		var mu sync.Mutex
		inside, most := 0, 0
		l.fail = func(n int) error {
			if n <= 100 {
				return nil
			}
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			inside--
			mu.Unlock()
			return nil
		}
		inv := repeating(l, nil)
		for range 100 {
			if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		if err := inv.Close(); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		if n := len(l.purged); n != 300 || most != 16 {
			t.Errorf("%d purges, at most %d at a time, want 300 and 16", n, most)
		}
	})
}

func TestCloseWithoutRepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, repeat := range [][]time.Duration{nil, {}} {
			l := newTimeline()
			inv := repeating(l, func(o *invalidate.Options) { o.Repeat = repeat })
			if err := inv.Invalidate(t.Context(), &Post{Slug: "a"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			l.want(t, "0s")
			if err := inv.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
