package pagecache

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A clock that was set anew is noticed within a second; what passes between is
// told by the monotonic clock.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock(nil)
		for range 5 {
			time.Sleep(700 * time.Millisecond)
			if got, want := c.now(), time.Now(); !got.Equal(want) {
				t.Fatalf("it is %v, want %v", got, want)
			}
		}
		wrong := time.Now().Add(-time.Hour)
		c.base.Store(&wrong)
		if got, want := c.now(), time.Now(); !got.Equal(want) {
			t.Errorf("a reading of an hour ago: it is %v, want %v", got, want)
		}
	})
}

// While there are many hits, the clock ticks for all of them; when there are none
// it stops by itself.
func TestClockTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ticks sync.WaitGroup
		ctx, stop := context.WithCancel(t.Context())
		c := newClock(func(tick func(context.Context)) { ticks.Go(func() { tick(ctx) }) })
		many := func() {
			t.Helper()
			for range manyReads {
				c.now()
			}
			synctest.Wait()
			if c.ticking.Load() == nil {
				t.Fatalf("%d reads in a moment, and it does not tick", manyReads)
			}
		}
		many()
		for range 1000 {
			time.Sleep(tickEvery/2 + 1)
			if got, now := c.now(), time.Now(); now.Before(got) || now.Sub(got) > tickEvery {
				t.Fatalf("it is %v, and the clock says %v", now, got)
			}
		}
		time.Sleep((tickFor + 2) * tickEvery)
		ticks.Wait()
		if c.ticking.Load() != nil {
			t.Error("nobody ticks, and the clock stands")
		}
		if got, now := c.now(), time.Now(); !got.Equal(now) {
			t.Errorf("it is %v, and the clock says %v", now, got)
		}
		many()
		stop()
		ticks.Wait()
		time.Sleep(time.Minute)
		if got, now := c.now(), time.Now(); !got.Equal(now) {
			t.Errorf("it was stopped, it is %v, and the clock says %v", now, got)
		}
	})
}

// Few hits a second start nothing.
func TestClockOfFewHits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock(func(func(context.Context)) { t.Error("it ticks") })
		for range 10 * manyReads {
			c.now()
			time.Sleep(2 * time.Second / manyReads)
		}
	})
}
