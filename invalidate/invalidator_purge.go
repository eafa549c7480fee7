package invalidate

import (
	"context"
	"errors"
	"fmt"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// purgeOne has p purge e. A Purger that panics has failed. The panic must not go on: the
// other purges, the row in the outbox and the caller's list of what to purge again
// would go with it.
func purgeOne(ctx context.Context, p Purger, e cache.Event) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panics.RecoveredFrom("the Purger panicked", p)
		}
	}()
	return p.Purge(ctx, e)
}

// observe tells Observe what purge returned, and returns the errors.
func (inv *Invalidator) observe(all []Observation) error {
	var errs []error
	for _, o := range all {
		if inv.opts.Observe != nil {
			inv.opts.Observe(o)
		}
		if o.Err != nil {
			errs = append(errs, o.Err)
		}
	}
	return errors.Join(errs...)
}

// keep writes events that could not be purged to the outbox, if there is one.
func (inv *Invalidator) keep(ctx context.Context, failed []*PurgeError) {
	if inv.opts.Outbox == nil || len(failed) == 0 {
		return
	}
	events := make([]cache.Event, len(failed))
	for i, f := range failed {
		events[i] = f.Event
	}
	within, cancel := inv.detached(ctx)
	defer cancel()
	err := inv.keepEvents(within, events)
	for _, f := range failed {
		f.Kept = err == nil
		if err != nil {
			f.Err = errors.Join(f.Err, fmt.Errorf("keep it in the outbox: %w", err))
		}
	}
}

// detached returns the context for what follows a save.
func (inv *Invalidator) detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), inv.opts.PurgeTimeout)
}
