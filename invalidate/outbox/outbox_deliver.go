package outbox

import (
	"context"
	"strings"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// failed returns the failure of r, with this try counted.
func (o *Outbox) failed(r row, err error) failure {
	return failure{r, r.tries+1 >= o.opts.MaxTries, err}
}

// deliver tells the Purger of rows, in as few events as possible.
//
// An event that fails is no reason to count a try. It may be an outage: so the
// Purger is probed, and if it fails that too, nothing more is tried. Or the event
// is made of many rows, one of which does not let itself be purged: so they are
// tried one by one, and only those count a try that fail alone, while the Purger
// answers probes.
func (o *Outbox) deliver(ctx context.Context, rows []row, out *outcome) {
	ctx, cancel := context.WithTimeout(ctx, o.opts.purging())
	defer cancel()
	letters := make([]letter, 0, len(rows))
	for i, r := range rows {
		e, err := decode(r.event)
		if err == nil {
			_, err = r.plan.delays()
		}
		if err != nil {
			out.failed = append(out.failed, failure{r, true, err})
			continue
		}
		if r.purged > 0 {
			e.Reason = strings.TrimPrefix(e.Reason+again, " ")
		}
		r.event, rows[i].event = nil, nil // e has all of it
		letters = append(letters, letter{r, e})
	}
	if o.outage {
		letters = o.venture(ctx, letters, out)
	}
	for _, p := range merge(letters) {
		err := o.try(ctx, p, out)
		if err == nil {
			continue
		}
		alone := len(p.letters) == 1
		if alone && !o.isOutage(ctx, err, out) {
			o.fail(p.letters[0], err, out)
		}
		if !alone && !o.isOutage(ctx, err, out) {
			o.deliverSingly(ctx, p.letters, out)
		}
		if out.outage != nil || ctx.Err() != nil {
			return
		}
	}
}

func (o *Outbox) deliverSingly(ctx context.Context, letters []letter, out *outcome) {
	for _, l := range letters {
		err := o.try(ctx, single(l), out)
		if err == nil {
			continue
		}
		if o.isOutage(ctx, err, out) {
			return
		}
		o.fail(l, err, out)
	}
}

// try tells the Purger, and notes the rows as purged if it returns nil.
func (o *Outbox) try(ctx context.Context, p parcel, out *outcome) error {
	if err := o.purge(ctx, p.event); err != nil {
		return err
	}
	out.events++
	o.worked = &p.event
	for _, l := range p.letters {
		out.purged = append(out.purged, l.row)
	}
	return nil
}

// isOutage reports whether the Purger fails whatever it is told, or time is
// over, in which case err says nothing about the rows.
func (o *Outbox) isOutage(ctx context.Context, err error, out *outcome) bool {
	if ctx.Err() == nil && o.probe(ctx) == nil {
		return false
	}
	if ctx.Err() == nil {
		out.outage = err
		o.begin(err)
	}
	return true
}

func (o *Outbox) fail(l letter, err error, out *outcome) {
	out.failed = append(out.failed, o.failed(l.row, err))
}

// purge tells the Purger of e, whose names were checked when it was enqueued.
func (o *Outbox) purge(ctx context.Context, e cache.Event) error {
	return o.tell(ctx, func(ctx context.Context) error { return o.purger.Purge(ctx, e) })
}

// tell calls f with a deadline. A Purger that panics fails: here it would end the
// whole process, and the next one, as long as the row is there. One that ends its
// goroutine must not end the relay.
func (o *Outbox) tell(ctx context.Context, f func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, o.opts.PurgeTimeout)
	defer cancel()
	return panics.Apart(func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = panics.RecoveredFrom("the Purger panicked", p)
			}
		}()
		return f(ctx)
	})
}
