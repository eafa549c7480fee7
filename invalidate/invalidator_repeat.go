package invalidate

import (
	"context"
	"errors"

	"github.com/uncache/uncache/cache"
)

// ErrRepeatDropped is what a [*PurgeError] is, in the sense of errors.Is, that tells
// Observe of an event that is not purged again: the Invalidator was closed, or too many
// events wait for it. The purge itself was made.
var ErrRepeatDropped = errors.New("it is not purged again")

// Close drops what waits to be purged again by a timer ([Options.Repeat]), and tells
// Observe of it ([ErrRepeatDropped]). It waits for what is under way, for
// Options.PurgeTimeout at most, and returns an error if that is not enough.
//
// Without Options.Repeat there is nothing to close. With an outbox, close the
// Invalidator first. All methods work on a closed Invalidator, but no event is purged
// again by a timer. Called again, Close returns nil at once.
func (inv *Invalidator) Close() error { return inv.repeats.close() }

// lasting returns the Outbox if that is to purge events again, or nil.
func (inv *Invalidator) lasting() RepeatOutbox {
	if inv.repeats == nil {
		return nil
	}
	o, _ := inv.opts.Outbox.(RepeatOutbox)
	return o
}

func (inv *Invalidator) lasts() bool { return inv.lasting() != nil }

// enqueue writes events to the outbox, and when they are purged again.
func (inv *Invalidator) enqueue(ctx context.Context, x Execer, events []cache.Event) ([]string, error) {
	if o := inv.lasting(); o != nil {
		return o.EnqueueRepeat(ctx, x, events, inv.opts.Repeat)
	}
	return inv.opts.Outbox.Enqueue(ctx, x, events)
}

// keepEvents writes events that were not purged.
func (inv *Invalidator) keepEvents(ctx context.Context, events []cache.Event) error {
	if o := inv.lasting(); o != nil {
		return o.KeepRepeat(ctx, events, inv.opts.Repeat, false)
	}
	return inv.opts.Outbox.Keep(ctx, events)
}
