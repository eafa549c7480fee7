package outbox

import (
	"context"
	"math/rand/v2"

	"github.com/uncache/uncache/cache"
)

// probe asks whether the Purger works at all. An event that names nothing costs
// nobody anything, but it may be refused for just that, by a CDN for instance,
// whatever else works. What was purged before is not; but it is a purge, of pages
// that did not change, so it comes second.
func (o *Outbox) probe(ctx context.Context) error {
	if o.opts.Probe != nil {
		return o.tell(ctx, o.opts.Probe)
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

// begin notes that the Purger does not work at all. Until it answers a probe, the
// relay claims nothing, or one row at a time if it cannot tell by a probe.
func (o *Outbox) begin(err error) {
	if !o.outage {
		o.outage = true
		o.count.outages.Add(1)
		o.observe(Observation{Op: OpOutage, Err: err})
	}
}

// recovered returns nil if there is no outage, or none any more, or if that is
// for a row to tell: nothing was ever purged, and a probe proves nothing by
// failing.
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
	o.over()
	return nil
}

func (o *Outbox) over() {
	o.outage = false
	o.observe(Observation{Op: OpRecovered})
}

// venture tries one of letters in an outage, and returns what is still to be
// delivered: the others, if it was purged. It is any of them: one that never lets
// itself be purged must not be the only one that is tried.
func (o *Outbox) venture(ctx context.Context, letters []letter, out *outcome) []letter {
	if len(letters) == 0 {
		return nil
	}
	i := rand.IntN(len(letters))
	one := letters[i]
	if err := o.try(ctx, single(one), out); err != nil {
		if o.isOutage(ctx, err, out) {
			return nil
		}
		o.fail(one, err, out)
	}
	o.over()
	return append(letters[:i:i], letters[i+1:]...)
}
