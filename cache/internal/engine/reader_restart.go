package engine

import (
	"time"

	"github.com/uncache/uncache/cache"
)

// A log may take its head for none because that lies more than ten years beyond its
// clock, and begin an era at the clock, before what this process has read:
//
//  1. the server's clock is wrong: an era begins in 2040     positions of 2040
//  2. the clock is set right; ten years are too many         an era of today
//  3. the process asks what came after its position          nothing will, for years
//  4. it drops its view, and begins a new one at the head
//
// What is stamped in 2040 is beyond the new view, and purged by that. What is
// stamped before the new era is below its floor.

// tenYears is how far ahead of the clock a position must be, see [cache.Log]. The
// process asks its own clock, too: a log whose clock is behind by years would have
// it forget what it needs.
const tenYears = 10 * 365 * 24 * time.Hour

// outOfReach reports whether events say that an era begins before a position that
// no log can have given by now.
func outOfReach(events *cache.Events, after cache.Position) bool {
	limit := cache.Position(max(time.Now().Add(tenYears).UnixMicro(), 0))
	return after > limit && events.From == events.Head && len(events.List) == 0 && !events.More
}

// view is what this process knows of the log. Judge by one view: ask once.
func (c *Cache) view() *view { return c.known.Load() }

// drop gives up the view w for one that begins at head, unless that was done.
func (c *Cache) drop(w *view, head cache.Position) {
	next := newView(c.opts.MaxDependencies)
	next.floor.Store(uint64(head))
	next.pos.Store(uint64(head))
	if c.known.CompareAndSwap(w, next) {
		c.tell(Observation{Op: OpGap, Floor: head})
	}
}
