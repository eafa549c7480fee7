package invalidate

import (
	"context"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate/internal/batch"
)

// Purge purges the change, as batch.Change says.
func (c *change) Purge(ctx context.Context, w batch.Written, saved time.Time) (again bool, tell func() error) {
	own, _ := w.(*written)
	told := c.purge(ctx, own, saved)
	return unpurged(told), func() error { return c.inv.observe(told) }
}

// purge has the Purger purge every event, also after one has failed. It returns what
// Observe is to be told. The data is saved by now. So the purge does not end when the
// caller hangs up or runs out of time. saved is as batch.Change says.
func (c *change) purge(ctx context.Context, w *written, saved time.Time) []Observation {
	ids := w.enqueued()
	within, cancel := c.inv.detached(ctx)
	defer cancel()
	var all []Observation
	var failed []*PurgeError
	var purged []string      // IDs
	var repeat []cache.Event // that no outbox repeats (Options.Repeat)
	for i, e := range c.events() {
		start := time.Now()
		err := purgeOne(within, w.purgerOf(i, c.inv.purger), e)
		o := Observation{Event: e, Models: c.types.list, Duration: time.Since(start)}
		c.inv.count.purge(saved, err)
		switch {
		case err != nil:
			f := &PurgeError{Event: e, Models: c.types.list, Err: err, Kept: ids != nil}
			o.Err = f
			failed = append(failed, f)
		case ids != nil:
			purged = append(purged, ids[i])
		}
		if err == nil && (ids == nil || !c.inv.lasts()) {
			repeat = append(repeat, e)
		}
		all = append(all, o)
	}
	if ids == nil {
		c.inv.keep(ctx, failed)
	} else if len(purged) > 0 && !saved.IsZero() {
		within, cancel := c.inv.detached(ctx)
		defer cancel()
		c.inv.opts.Outbox.Purged(within, purged)
	}
	c.inv.count.keep(failed)
	c.inv.repeats.add(repeat, c.types.list)
	return all
}
