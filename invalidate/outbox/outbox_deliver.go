package outbox

import (
	"context"
	"strings"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// failed returns the failure of r, with this try counted.
func (o *Outbox) failed(r row, err error) failure {
	return failure{r, r.tries+1 >= o.opts.MaxTries, err}
}

// deliver tells the Purger of rows, in as few events as possible.
//
// An event that fails does not always count as a try:
//
//	the Purger fails a probe, too      an outage: nothing more is tried
//	the event is of several rows       one of them may be the reason: each is tried alone
//	a row fails alone                  it has used up a try
func (o *Outbox) deliver(ctx context.Context, rows []row, out *outcome) {
	ctx, cancel := context.WithTimeout(ctx, o.opts.purging())
	defer cancel()
	full := make([]fullRow, 0, len(rows))
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
		full = append(full, fullRow{r, e})
	}
	if o.outage {
		full = o.tryOne(ctx, full, out)
	}
	for _, m := range merge(full) {
		err := o.try(ctx, m, out)
		if err == nil {
			continue
		}
		alone := len(m.rows) == 1
		if alone && !o.isOutage(ctx, err, out) {
			o.fail(m.rows[0], err, out)
		}
		if !alone && !o.isOutage(ctx, err, out) {
			o.deliverSingly(ctx, m.rows, out)
		}
		if out.outage != nil || ctx.Err() != nil {
			return
		}
	}
}

func (o *Outbox) deliverSingly(ctx context.Context, rows []fullRow, out *outcome) {
	for _, r := range rows {
		err := o.try(ctx, single(r), out)
		if err == nil {
			continue
		}
		if o.isOutage(ctx, err, out) {
			return
		}
		o.fail(r, err, out)
	}
}

// try tells the Purger, and notes the rows as purged if it returns nil.
func (o *Outbox) try(ctx context.Context, m merged, out *outcome) error {
	if err := o.purge(ctx, m.event); err != nil {
		return err
	}
	out.events++
	o.worked = &m.event
	for _, r := range m.rows {
		if !r.saved.IsZero() {
			r.waited = time.Since(r.saved)
		}
		out.purged = append(out.purged, r.row)
	}
	return nil
}

// isOutage reports whether the Purger fails every event, or the time is over. Then err
// says nothing about the rows.
func (o *Outbox) isOutage(ctx context.Context, err error, out *outcome) bool {
	if ctx.Err() == nil && o.probe(ctx) == nil {
		return false
	}
	if ctx.Err() == nil {
		out.outage = err
		o.beginOutage(err)
	}
	return true
}

func (o *Outbox) fail(r fullRow, err error, out *outcome) {
	out.failed = append(out.failed, o.failed(r.row, err))
}

// purge tells the Purger of e, whose names were checked when it was enqueued.
func (o *Outbox) purge(ctx context.Context, e cache.Event) error {
	return o.callPurger(ctx, func(ctx context.Context) error { return o.purger.Purge(ctx, e) })
}

// callPurger calls f with a deadline. A Purger that panics fails: otherwise it would
// end this process, and the next one, as long as the row exists. A Purger that ends its
// goroutine must not end the relay.
func (o *Outbox) callPurger(ctx context.Context, f func(ctx context.Context) error) error {
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
