package invalidate

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uncache/uncache/cache"
)

// An Outbox keeps events in the database of the models until they are purged. So an
// event commits with its save, and is purged even if this process dies right after
// COMMIT. Package outbox has one.
//
// All methods are safe for concurrent use and keep no slice that they are given.
type Outbox interface {
	// Enqueue writes events by x, which runs statements in the transaction of the save.
	// It returns an ID for each event, in their order. After an error the transaction
	// is rolled back.
	Enqueue(ctx context.Context, x Execer, events []cache.Event) (ids []string, err error)

	// Keep writes events in a transaction of its own, and returns when that has
	// committed. The events are of committed saves and could not be purged.
	Keep(ctx context.Context, events []cache.Event) error

	// Purged says that the events with these IDs have been purged, after the
	// transaction in which they were enqueued had committed. Nothing is left to do for
	// them. An Outbox that cannot note it purges them again, which is harmless. Purged
	// may be called while the connection of the save is in use. It must not wait for
	// another connection.
	Purged(ctx context.Context, ids []string)
}

// An Execer runs a statement: a [*sql.Tx], a [*sql.Conn], a [*sql.DB], and what embeds
// one.
type Execer interface {
	// ExecContext runs a statement that returns no rows, as
	// [sql.DB.ExecContext] does.
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// ErrKept is a [*PurgeError], in the sense of errors.Is, whose event is in the
// [Outbox]: it could not be purged now, and will be. Until then pages from before the
// save may be served.
var ErrKept = errors.New("the purge is kept in the outbox")

// A RepeatOutbox is an [Outbox] that purges events again, as Options.Repeat says. The
// repeats survive a crash. Package outbox has one.
type RepeatOutbox interface {
	Outbox

	// EnqueueRepeat is Enqueue for events that are purged again, each duration of
	// repeat after their purge. That is when Purged is called with their IDs, or when
	// the Outbox has purged them itself.
	EnqueueRepeat(ctx context.Context, x Execer, events []cache.Event, repeat []time.Duration) (ids []string, err error)

	// KeepRepeat is Keep for such events. If purged is true they have just been purged,
	// and only the repeats are left to do.
	KeepRepeat(ctx context.Context, events []cache.Event, repeat []time.Duration, purged bool) error
}
