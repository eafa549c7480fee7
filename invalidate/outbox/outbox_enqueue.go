package outbox

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

// How much one INSERT takes. A statement of MySQL is a packet, of at most 16 MiB by
// default. A statement of SQLite has at most 32,766 arguments.
const (
	maxInsertRows  = 100
	maxInsertBytes = 4 << 20
)

const (
	insertHead = `INSERT INTO {table} (id, format, event, reason, origin, created, due, tries, last_error, dead, repeats, purged) VALUES `
	insertRow  = `(?, ?, ?, ?, ?, {now}, {later}, 0, '', 0, ?, ?)`
)

// Enqueue writes events by x, in the transaction of a save, in one INSERT if they fit.
// It returns an ID for each event, in their order. After COMMIT they are purged: by the
// saver, which calls [Outbox.Purged], or else by a relay.
//
// After an error some may be written. Roll the transaction back: PostgreSQL does not
// let it go on anyway.
func (o *Outbox) Enqueue(ctx context.Context, x invalidate.Execer, events []cache.Event) (ids []string, err error) {
	ids, err = o.insert(ctx, x, events, o.opts.Grace, schedule{})
	if err == nil {
		o.count.enqueued.Add(int64(len(events)))
	}
	return ids, err
}

// Keep writes events in a transaction of its own, and returns when that has committed.
// They are of committed saves, could not be purged, and are due at once.
func (o *Outbox) Keep(ctx context.Context, events []cache.Event) error {
	return o.keep(ctx, events, 0, schedule{})
}

func (o *Outbox) keep(ctx context.Context, events []cache.Event, after time.Duration, s schedule) error {
	err := o.inTx(ctx, func(tx *sql.Tx) error {
		_, err := o.insert(ctx, tx, events, after, s)
		return err
	})
	if err != nil {
		return fmt.Errorf("outbox: keep: %w", err)
	}
	o.count.kept.Add(int64(len(events)))
	o.Wake()
	return nil
}

// insert writes rows that are due after a while. The IDs are made here, since the
// database could not return its own through an Execer.
func (o *Outbox) insert(ctx context.Context, x invalidate.Execer, events []cache.Event, after time.Duration, s schedule) ([]string, error) {
	ids := make([]string, 0, len(events))
	for len(events) > 0 {
		var args []any
		rows, bytes := 0, 0
		for rows < min(len(events), maxInsertRows) {
			e := events[rows]
			// Names are not cut: the Purger may be a CDN, which needs them whole.
			notes := cache.Event{Reason: e.Reason, Origin: e.Origin}.Bounded()
			e.Reason, e.Origin = notes.Reason, notes.Origin
			b := encode(e)
			if len(b) > maxRowBytes || len(e.Dependencies) > maxNames {
				return nil, fmt.Errorf("outbox: enqueue into %s: an event has %d names and %d bytes, and a row takes %d and %d: split it",
					o.opts.Table, len(e.Dependencies), len(b), maxNames, maxRowBytes)
			}
			if rows > 0 && bytes+len(b) > maxInsertBytes {
				break
			}
			id := rand.Text()
			ids = append(ids, id)
			args = append(args, id, s.format(), b, note(e.Reason), note(e.Origin), o.d.delay(after), string(s.plan), s.purged)
			rows, bytes = rows+1, bytes+len(b)
		}
		values := strings.TrimSuffix(strings.Repeat(insertRow+", ", rows), ", ")
		if _, err := x.ExecContext(ctx, o.sql(insertHead+values), args...); err != nil {
			return nil, fmt.Errorf("outbox: enqueue into %s: %w", o.opts.Table, err)
		}
		events = events[rows:]
	}
	return ids, nil
}
