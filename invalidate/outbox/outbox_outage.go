package outbox

import (
	"context"
	"math/rand/v2"

	"github.com/uncache/uncache/cache"
)

// probe asks whether the Purger works at all. An event that names nothing is free, but
// some Purgers, of a CDN for instance, may refuse it. So the event that was purged last
// comes second, though it purges pages that did not change.
func (o *Outbox) probe(ctx context.Context) error {
	if o.opts.Probe != nil {
		return o.callPurger(ctx, o.opts.Probe)
	}
	ctx, cancel := context.WithTimeout(ctx, o.opts.PurgeTimeout) // for both
	defer cancel()
	const reason = "the outbox asks whether purges work again"
	err := o.purge(ctx, cache.Event{Reason: reason})
	if err != nil && o.worked != nil && ctx.Err() == nil {
		again := *o.worked
		again.Reason = reason
		err = o.purge(ctx, again)
	}
	return err
}

// beginOutage notes that the Purger does not work at all. Until it answers a probe, the
// relay claims nothing, or one row at a time if a probe proves nothing.
func (o *Outbox) beginOutage(err error) {
	if !o.outage {
		o.outage = true
		o.count.outages.Add(1)
		o.observe(Observation{Op: OpOutage, Err: err})
	}
}

// recovered returns nil if there is no outage, or it is over. It also returns nil if
// only a row can tell: nothing was ever purged, so a probe that fails proves nothing.
func (o *Outbox) recovered(ctx context.Context) error {
	if !o.outage {
		return nil
	}
	if err := o.probe(ctx); err != nil {
		if o.opts.Probe == nil && o.worked == nil {
			return nil
		}
		return err
	}
	o.endOutage()
	return nil
}

func (o *Outbox) endOutage() {
	o.outage = false
	o.observe(Observation{Op: OpRecovered})
}

// tryOne tries one of rows in an outage. If the Purger works again it returns the
// others. The row is chosen at random: a row that always fails must not be the only one
// that is tried.
func (o *Outbox) tryOne(ctx context.Context, rows []fullRow, out *outcome) []fullRow {
	if len(rows) == 0 {
		return nil
	}
	i := rand.IntN(len(rows))
	one := rows[i]
	if err := o.try(ctx, single(one), out); err != nil {
		if o.isOutage(ctx, err, out) {
			return nil
		}
		o.fail(one, err, out)
	}
	o.endOutage()
	return append(rows[:i:i], rows[i+1:]...)
}
