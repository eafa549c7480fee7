package pgxtx

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/isnil"
	"github.com/uncache/uncache/invalidate"
)

// Notify returns an Outbox that is o, and in each transaction that events are
// enqueued in sends a notification to channel, "" being [DefaultChannel], by
// pg_notify: PostgreSQL delivers it after COMMIT, one for each transaction. [Listen]
// hears it. The transaction may be one of pgx or of database/sql. A channel has a
// name of at most 63 bytes; PostgreSQL refuses the save for a longer one.
//
// It is not needed for any purge, only for how soon a relay learns of one that
// it has to make. Every transaction that notifies takes a lock in its COMMIT
// that the whole server has one of. Where thousands commit in a second, leave the
// relay to poll.
//
// Notify panics if o is nil.
func Notify(o invalidate.Outbox, channel string) invalidate.Outbox {
	if isnil.Value(o) {
		panic("pgxtx: Notify: the Outbox is nil")
	}
	n := notifying{o, cmp.Or(channel, DefaultChannel)}
	if r, ok := o.(invalidate.RepeatOutbox); ok {
		return notifyingRepeat{n, r}
	}
	return n
}

// DefaultChannel is the channel of [Notify] and [Listen] unless they are given
// another.
const DefaultChannel = "uncache"

type notifying struct {
	outbox  invalidate.Outbox
	channel string
}

func (n notifying) Enqueue(ctx context.Context, x invalidate.Execer, events []cache.Event) ([]string, error) {
	ids, err := n.outbox.Enqueue(ctx, x, events)
	return n.notify(ctx, x, ids, err)
}

// notify sends the notification, unless err is not nil.
func (n notifying) notify(ctx context.Context, x invalidate.Execer, ids []string, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	if _, err := x.ExecContext(ctx, "SELECT pg_notify($1, '')", n.channel); err != nil {
		return nil, fmt.Errorf("pgxtx: notify %s: %w", n.channel, err)
	}
	return ids, nil
}

func (n notifying) Keep(ctx context.Context, events []cache.Event) error {
	return n.outbox.Keep(ctx, events)
}

func (n notifying) Purged(ctx context.Context, ids []string) { n.outbox.Purged(ctx, ids) }

// notifyingRepeat is notifying for an Outbox that purges events again.
type notifyingRepeat struct {
	notifying
	repeat invalidate.RepeatOutbox
}

var _ invalidate.RepeatOutbox = notifyingRepeat{}

func (n notifyingRepeat) EnqueueRepeat(ctx context.Context, x invalidate.Execer, events []cache.Event, repeat []time.Duration) ([]string, error) {
	ids, err := n.repeat.EnqueueRepeat(ctx, x, events, repeat)
	return n.notify(ctx, x, ids, err)
}

func (n notifyingRepeat) KeepRepeat(ctx context.Context, events []cache.Event, repeat []time.Duration, purged bool) error {
	return n.repeat.KeepRepeat(ctx, events, repeat, purged)
}
