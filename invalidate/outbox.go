package invalidate

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uncache/uncache/cache"
)

// An Outbox keeps events in the database that the models are saved in, until
// they are purged. So an event commits with its save, and is purged even if this
// process dies right after COMMIT. Package outbox has one.
//
// All methods are safe for concurrent use and keep none of the slices they are
// given.
type Outbox interface {
	// Enqueue writes events by x, which runs statements in the transaction of the
	// save, and returns an ID for each of them, in their order. If it returns an
	// error the transaction is to be rolled back.
	Enqueue(ctx context.Context, x Execer, events []cache.Event) (ids []string, err error)

	// Keep writes events in a transaction of its own and returns when that has
	// committed. They are of saves that have committed and could not be purged.
	Keep(ctx context.Context, events []cache.Event) error

	// Purged says that the events with these IDs have been purged, after the
	// transaction they were enqueued in had committed: nothing is left to be
	// done for them. An Outbox that cannot note it purges them again, which is
	// harmless. It may be called while the connection of the save is still held,
	// and returns without waiting for another one.
	Purged(ctx context.Context, ids []string)
}

// An Execer runs a statement: a [*sql.Tx], a [*sql.Conn], a [*sql.DB], and what
// embeds one.
type Execer interface {
	// ExecContext runs a statement that returns no rows, as
	// [sql.DB.ExecContext] does.
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// ErrKept is what a [*PurgeError] is, in the sense of errors.Is, whose event is
// in the [Outbox]: it could not be purged now, and will be. Until then pages may
// be served that were rendered before the save.
var ErrKept = errors.New("the purge is kept in the outbox")

// A RepeatOutbox is an [Outbox] that purges events again, as Options.Repeat says. Then
// that survives a crash, too. Package outbox has one.
type RepeatOutbox interface {
	Outbox

	// EnqueueRepeat is Enqueue of events that are purged again, each duration of
	// repeat after they were purged: after Purged was called with their IDs, or the
	// Outbox has purged them itself.
	EnqueueRepeat(ctx context.Context, x Execer, events []cache.Event, repeat []time.Duration) (ids []string, err error)

	// KeepRepeat is Keep of such events. With purged they have been purged just now,
	// and are only to be purged again.
	KeepRepeat(ctx context.Context, events []cache.Event, repeat []time.Duration, purged bool) error
}
