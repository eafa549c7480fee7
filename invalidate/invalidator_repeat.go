package invalidate

import (
	"context"
	"errors"

	"github.com/uncache/uncache/cache"
)

// ErrRepeatDropped is a [*PurgeError], in the sense of errors.Is, that tells Observe of
// an event that is not purged again. The Invalidator was closed, or too many events
// wait. The purge itself was made.
var ErrRepeatDropped = errors.New("the event is not purged again")

// Close drops what a timer would purge again ([Options.Repeat]), and tells Observe of
// it ([ErrRepeatDropped]). It waits for purges that have begun, for
// Options.PurgeTimeout at most. It returns an error if that is not enough.
//
// Without Options.Repeat there is nothing to close. With an outbox, close the
// Invalidator first. A closed Invalidator works, but its timers purge nothing again. To
// close it again returns nil at once.
func (inv *Invalidator) Close() error { return inv.repeats.close() }

// lasting returns the Outbox, if that purges events again, or nil.
func (inv *Invalidator) lasting() RepeatOutbox {
	if inv.repeats == nil {
		return nil
	}
	o, _ := inv.opts.Outbox.(RepeatOutbox)
	return o
}

func (inv *Invalidator) lasts() bool { return inv.lasting() != nil }

// enqueue writes events to the outbox, and when to purge them again.
func (inv *Invalidator) enqueue(ctx context.Context, x Execer, events []cache.Event) ([]string, error) {
	if o := inv.lasting(); o != nil {
		return o.EnqueueRepeat(ctx, x, events, inv.opts.Repeat)
	}
	return inv.opts.Outbox.Enqueue(ctx, x, events)
}

// keepEvents writes events that could not be purged to the outbox.
func (inv *Invalidator) keepEvents(ctx context.Context, events []cache.Event) error {
	if o := inv.lasting(); o != nil {
		return o.KeepRepeat(ctx, events, inv.opts.Repeat, false)
	}
	return inv.opts.Outbox.Keep(ctx, events)
}
