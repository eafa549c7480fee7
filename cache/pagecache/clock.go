package pagecache

import (
	"sync/atomic"
	"time"
)

// A clock tells hits the time. It reads the monotonic clock, which takes half as
// long as reading both, and asks for the wall clock once a second: if that was
// set anew, hits go by the old time for a second at most.
type clock struct{ base atomic.Pointer[time.Time] }

const recalibrate = time.Second

func newClock() *clock {
	c, now := new(clock), time.Now()
	c.base.Store(&now)
	return c
}

func (c *clock) now() time.Time {
	base := c.base.Load()
	since := time.Since(*base)
	if since < recalibrate {
		return base.Add(since)
	}
	return c.recalibrate()
}

func (c *clock) recalibrate() time.Time {
	now := time.Now()
	c.base.Store(&now)
	return now
}
