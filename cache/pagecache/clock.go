package pagecache

import (
	"sync/atomic"
	"time"
)

// A clock tells hits the time. To read the machine's clock takes a tenth of the time of a
// hit in memory. So while there are many hits, a timer reads it every few milliseconds for
// all of them. A hit may go by a time that is as much too early: HTTP counts in seconds.
//
// While there are few hits, each reads the monotonic clock, which takes half as long as
// reading both, and the wall clock once a second. If the wall clock was set anew, hits go
// by the old time for a second at most.
type clock struct {
	base  atomic.Pointer[time.Time] // read within a second
	reads atomic.Uint32             // since then

	ticking atomic.Pointer[time.Time] // read within a tick; nil while it does not tick
	used    atomic.Bool               // since the last tick

	closed atomic.Bool // ticks no more
}

const (
	recalibrate = time.Second

	tickEvery = 4 * time.Millisecond
	tickFor   = 25   // ticks without a hit
	manyReads = 1000 // in a second, more than there are ticks
)

func newClock() *clock {
	c, now := new(clock), time.Now()
	c.base.Store(&now)
	return c
}

func (c *clock) now() time.Time {
	if t := c.ticking.Load(); t != nil {
		if !c.used.Load() { // mostly it is set, and its cache line stays with all processors
			c.used.Store(true)
		}
		return *t
	}
	return c.read()
}

func (c *clock) read() time.Time {
	base := c.base.Load()
	since := time.Since(*base)
	if since >= recalibrate {
		now := time.Now()
		c.base.Store(&now)
		c.reads.Store(0)
		return now
	}
	if c.reads.Add(1) == manyReads {
		c.tick(0)
	}
	return base.Add(since)
}

// tick reads the clock every few milliseconds, until no hit has asked for it for a while.
// Between ticks there is a timer and no goroutine: a goroutine would show in the tests of
// a program that does not close the Cache.
func (c *clock) tick(idle int) {
	if c.used.Swap(false) {
		idle = 0
	}
	if idle == tickFor || c.closed.Load() {
		c.ticking.Store(nil)
		return
	}
	now := time.Now()
	c.ticking.Store(&now)
	time.AfterFunc(tickEvery, func() { c.tick(idle + 1) })
}
