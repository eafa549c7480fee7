package batch

import (
	"context"
	"database/sql"
	"time"
)

// A Change is what is to be purged for one Invalidator: what the models of some calls
// make stale.
type Change interface {
	// Merge adds other to the change, if that is for the same Invalidator. It reports
	// whether it is.
	Merge(other Change) bool

	// Clone returns a copy. One may be merged with others while the other is not.
	Clone() Change

	// Writes reports whether Enqueue may write anything.
	Writes() bool

	// Enqueue writes the change's events by x to what commits with the transaction: an
	// outbox, or a log. It returns nil if that is none.
	Enqueue(ctx context.Context, x Execer) (Written, error)

	// Purge purges the change. w is what Enqueue returned, or nil. saved is when it
	// was committed, or zero if it may not have been committed, nor rolled back.
	//
	// Again reports whether the next Flush is to purge it once more. Tell is to be
	// called when everything is purged: it tells Observe, and returns the errors.
	Purge(ctx context.Context, w Written, saved time.Time) (again bool, tell func() error)
}

// Written is what a Change knows of its events that were written in a transaction.
type Written any

// An Execer runs a statement: invalidate.Execer.
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// An entry is a change that is queued in a batch.
type entry struct {
	Change

	// written is not nil once its events are written in the transaction. Then it is
	// merged with no other.
	written Written

	// unknown is whether it may not have been committed, nor rolled back.
	unknown bool

	// saved is when it was committed, once it could not be purged. It is merged into an
	// entry that was saved earlier.
	saved time.Time

	// elsewhere is whether it may be about a save outside the transaction that it is
	// queued in. Then it is not written in that transaction.
	elsewhere bool
}

func (e *entry) clone() *entry {
	return &entry{Change: e.Clone(), written: e.written, unknown: e.unknown, elsewhere: e.elsewhere, saved: e.saved}
}

// join merges e into the first of entries[first:] that it may be merged with, or
// appends it.
func join(entries []*entry, first int, e *entry) []*entry {
	for _, q := range entries[first:] {
		if q.written == nil && e.written == nil && q.unknown == e.unknown && q.elsewhere == e.elsewhere && q.Merge(e.Change) {
			return entries
		}
	}
	return append(entries, e)
}
