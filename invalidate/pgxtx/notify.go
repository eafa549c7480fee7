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

// Notify returns an Outbox that is o, and that sends a notification to channel in each
// transaction in which events are enqueued. It calls pg_notify, and PostgreSQL delivers
// one notification after COMMIT to [Listen]. The transaction may be of pgx or of
// database/sql. An empty channel is [DefaultChannel]. PostgreSQL refuses a save whose
// channel has more than 63 bytes.
//
// No purge needs it. It only tells a relay sooner. Each transaction that notifies takes
// a server-wide lock in its COMMIT: where thousands commit per second, let the relay
// poll.
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

// DefaultChannel is the channel of [Notify] and [Listen] by default.
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
