package pagecache

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/coherent"
)

// A clock that was set anew is noticed within a second; what passes between is
// told by the monotonic clock.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock()
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
		c := newClock()
		many := func() {
			t.Helper()
			for range manyReads {
				c.now()
			}
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
		if c.ticking.Load() != nil {
			t.Error("nobody ticks, and the clock stands")
		}
		if got, now := c.now(), time.Now(); !got.Equal(now) {
			t.Errorf("it is %v, and the clock says %v", now, got)
		}
		many()
		c.closed.Store(true)
		time.Sleep(tickEvery + 1)
		if c.ticking.Load() != nil {
			t.Error("it is closed, and ticks")
		}
		for range manyReads {
			c.now()
		}
		if got, now := c.now(), time.Now(); !got.Equal(now) {
			t.Errorf("it was closed, it is %v, and the clock says %v", now, got)
		}
	})
}

// In a bubble of testing/synctest a Cache need not be closed, as elsewhere.
func TestManyHitsLeaveNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		defer b.Close()
		store, err := coherent.New(b, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		pages, err := New(store, &Options{TTL: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		h := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
		for range 2 * manyReads {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		}
		if pages.clock.ticking.Load() == nil {
			t.Error("it does not tick: this tests nothing")
		}
	})
}

// Few hits a second start nothing.
func TestClockOfFewHits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock()
		for range 10 * manyReads {
			if c.now(); c.ticking.Load() != nil {
				t.Fatal("it ticks")
			}
			time.Sleep(2 * time.Second / manyReads)
		}
	})
}
