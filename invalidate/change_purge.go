package invalidate

import (
	"context"
	"time"

	"github.com/uncache/uncache/cache"
)

// Purge purges the change, as Change says.
func (c *change) Purge(ctx context.Context, ids []string, unknown bool) (again bool, tell func() error) {
	told := c.purge(ctx, ids, unknown)
	return unpurged(told), func() error { return c.inv.observe(told) }
}

// purge tells the Purger, whatever became of the events before, and returns what
// Observe is to be told. By now the data is saved, and whoever asked may have hung
// up or run out of time: that is no reason to leave the old page standing.
func (c *change) purge(ctx context.Context, ids []string, unknown bool) []Observation {
	within, cancel := c.inv.detached(ctx)
	defer cancel()
	var all []Observation
	var failed []*PurgeError
	var purged []string     // IDs
	var again []cache.Event // not in an outbox that repeats them
	for i, e := range c.events() {
		start := time.Now()
		err := c.inv.tell(within, e)
		o := Observation{Event: e, Models: c.types.list, Duration: time.Since(start)}
		switch {
		case err != nil:
			f := &PurgeError{Event: e, Models: c.types.list, Err: err, Kept: ids != nil}
			o.Err = f
			failed = append(failed, f)
		case ids != nil:
			purged = append(purged, ids[i])
		}
		if err == nil && (ids == nil || !c.inv.lasts()) {
			again = append(again, e)
		}
		all = append(all, o)
	}
	if ids == nil {
		c.inv.keep(ctx, failed)
	} else if len(purged) > 0 && !unknown {
		within, cancel := c.inv.detached(ctx)
		defer cancel()
		c.inv.opts.Outbox.Purged(within, purged)
	}
	c.inv.repeats.add(again, c.types.list)
	return all
}
