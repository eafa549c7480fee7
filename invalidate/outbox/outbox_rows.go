package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/uncache/uncache/cache"
)

// A Row is a row of the table, for people.
type Row struct {
	// ID names the row, for Revive and Drop.
	ID string `json:"id"`
	// Dead says that it is a dead letter, which no relay tries.
	Dead bool `json:"dead"`
	// Age is how long ago it was written, and Due in how long a relay may try it, by the
	// database's clock.
	Age time.Duration `json:"age_ns"`
	Due time.Duration `json:"due_ns"`
	// Tries is how many tries have failed, and LastError why the last one did.
	Tries     int    `json:"tries"`
	LastError string `json:"last_error,omitempty"`
	// Repeat says that it was purged, and waits to be purged again.
	Repeat bool `json:"repeat,omitempty"`
	// Reason and Origin are those of the event, as the table has them.
	Reason string `json:"reason,omitempty"`
	Origin string `json:"origin,omitempty"`
	// Dependencies are the first names of the event, and More is how many others it
	// has. Unread says that the event is longer than 64 KiB, or of a later version.
	Dependencies []cache.Dependency `json:"dependencies,omitempty"`
	More         int                `json:"more,omitempty"`
	Unread       bool               `json:"unreadable,omitempty"`
}

const (
	maxRows     = 200 // that Rows returns
	maxRowNames = 20  // of each
)

// A long event is not read: a row may have 64 MiB.
const selectShown = `SELECT id, dead, {created}, {until}, tries, last_error, purged, reason, origin, format,
	CASE WHEN LENGTH(event) <= 65536 THEN event END FROM {table} WHERE dead %s 0 ORDER BY due, id LIMIT %d`

// Rows returns rows of the table, at most n and at most 200: the dead letters, or those
// that a relay will try. The first are due first.
func (o *Outbox) Rows(ctx context.Context, dead bool, n int) ([]Row, error) {
	which := "="
	if dead {
		which = "<>"
	}
	query := o.sql(fmt.Sprintf(selectShown, which, min(max(n, 0), maxRows)))
	rows, err := o.db.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("outbox: rows of %s: %w", o.opts.Table, err)
	}
	defer rows.Close()
	list := []Row{}
	for rows.Next() {
		r, err := scanRow(rows)
		if err != nil {
			return nil, fmt.Errorf("outbox: rows of %s: %w", o.opts.Table, err)
		}
		list = append(list, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("outbox: rows of %s: %w", o.opts.Table, err)
	}
	return list, nil
}

func scanRow(rows *sql.Rows) (Row, error) {
	var r Row
	var id scannedID
	var dead, tries, purged, kind number
	var age, due sql.NullFloat64
	var event []byte
	if err := rows.Scan(&id, &dead, &age, &due, &tries, &r.LastError, &purged, &r.Reason, &r.Origin, &kind, &event); err != nil {
		return r, err
	}
	r.ID, r.Dead, r.Tries, r.Repeat = string(id), dead != 0, int(tries), purged != 0
	r.Age, r.Due = milliseconds(age), milliseconds(due)
	e, err := decode(event)
	if r.Unread = err != nil || kind > format; r.Unread {
		return r, nil
	}
	few := min(len(e.Dependencies), maxRowNames)
	r.Dependencies, r.More = e.Dependencies[:few:few], len(e.Dependencies)-few
	return r, nil
}

// milliseconds is a time that a database has reckoned. A Duration holds 290 years.
func milliseconds(ms sql.NullFloat64) time.Duration {
	return time.Duration(min(max(ms.Float64, 0), 9e12)) * time.Millisecond
}

// Drop deletes dead letters: their events are given up, and what they name stays in the
// cache until it expires or is purged otherwise. It returns how many there were. Rows
// that are not dead stay.
func (o *Outbox) Drop(ctx context.Context, ids ...string) (rows int64, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	err = o.inTx(ctx, func(tx *sql.Tx) error {
		rows, err = o.exec(ctx, tx, `DELETE FROM {table} WHERE dead <> 0 AND id `, ids)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("outbox: drop %s: %w", strings.Join(ids[:min(len(ids), 3)], ", "), err)
	}
	return rows, nil
}

// exec runs a statement on the rows with these IDs.
func (o *Outbox) exec(ctx context.Context, tx *sql.Tx, statement string, ids []string) (int64, error) {
	condition, args := o.d.oneOf(textIDs(ids))
	result, err := tx.ExecContext(ctx, o.sql(statement+condition), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
