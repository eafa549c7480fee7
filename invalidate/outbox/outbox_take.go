package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/uncache/uncache/internal/repeat"
)

const (
	// maxClaimBytes is how many bytes of events a claim holds in memory, unless one row
	// alone is larger. They are there three times: encoded, decoded and merged.
	maxClaimBytes = 16 << 20
	// maxRowBytes is the size of one event, at most. Enqueue refuses a larger one, and
	// a relay does not read it.
	maxRowBytes = 64 << 20
)

const selectRows = `SELECT id, {blob}, tries, length(event), repeats, purged, {created} FROM {due} WHERE `

// find selects rows without their events, oldest first, and locks them if the database
// can. It returns those that a claim may read.
//
// If their events do not fit into memory it lowers o.limit: the database may have to
// read an event to know its length. If all fit and there may be more, it raises
// o.limit.
func (o *Outbox) find(ctx context.Context, x execer, which string, out *outcome) ([]row, error) {
	ctx, cancel := context.WithTimeout(ctx, o.opts.Timeout)
	defer cancel()
	limit := o.limit + o.stuck.waiting
	query := selectRows + claimable + which + ` ORDER BY due LIMIT ` + strconv.Itoa(limit)
	if o.d.locks {
		query += ` FOR UPDATE SKIP LOCKED`
	}
	found, err := x.QueryContext(ctx, o.sql(query))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var all []row
	for found.Next() {
		var id, repeats scannedID
		var blob, tries, size, purged number
		var waited sql.NullFloat64
		if err := found.Scan(&id, &blob, &tries, &size, &repeats, &purged, &waited); err != nil {
			return nil, err
		}
		all = append(all, row{
			id:       rowID{string(id), blob != 0},
			size:     int(min(max(size, 0), maxRowBytes+1)),
			tries:    clampTries(tries),
			saved:    savedAt(waited),
			schedule: schedule{plan(repeats), int(min(max(purged, 0), repeat.Most))},
		})
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	out.more = len(all) == limit
	rows, alone := o.stuck.choose(all, time.Now())
	if alone {
		out.more = true
		return rows, nil
	}
	rows = rows[:min(len(rows), o.limit)]
	n := fit(rows)
	switch {
	case n < len(rows):
		out.more = true
		o.limit = n
	case n == o.limit:
		o.limit = min(2*o.limit, o.opts.Batch)
	}
	return rows[:n], nil
}

// savedAt returns when a row was written that waits for so many milliseconds. A time of
// creation may be any, or none.
func savedAt(waited sql.NullFloat64) time.Time {
	if !waited.Valid {
		return time.Time{}
	}
	return time.Now().Add(-milliseconds(waited))
}

// fit returns how many of rows, from the first, a claim may read.
func fit(rows []row) int {
	bytes := 0
	for i, r := range rows {
		if r.size <= maxRowBytes { // others are not read
			bytes += r.size
		}
		if i > 0 && bytes > maxClaimBytes {
			return i
		}
	}
	return len(rows)
}

const selectEvents = `SELECT id, {blob}, event FROM {byID} WHERE id `

// read reads the events of rows. A row that cannot be read has failed.
func (o *Outbox) read(ctx context.Context, x execer, rows []row, out *outcome) ([]row, error) {
	out.rows = rows
	var small []row
	for _, r := range rows {
		if r.size > maxRowBytes {
			err := fmt.Errorf("%w: it has more than %d bytes", ErrCorrupt, maxRowBytes)
			out.failed = append(out.failed, failure{r, true, err})
			continue
		}
		small = append(small, r)
	}
	err := o.inSavepoint(ctx, x, func() error {
		for chunk := range slices.Chunk(small, maxDelete) {
			if err := o.readEvents(ctx, x, chunk); err != nil {
				return err
			}
		}
		return nil
	})
	if err := lost(ctx, err); err != nil {
		return nil, err
	}
	// If that failed one of them is the reason: a page of the database may be damaged,
	// for instance. A row that was not found may be found alone: a CHAR is then
	// compared in another way.
	var rest []row
	for i := range small {
		one := small[i : i+1]
		if one[0].event != nil {
			rest = append(rest, one[0])
			continue
		}
		err := o.inSavepoint(ctx, x, func() error { return o.readEvents(ctx, x, one) })
		if err == nil && one[0].event == nil {
			err = errNotFound
		}
		if lost := lost(ctx, err); lost != nil {
			return nil, lost
		}
		if err != nil {
			err = fmt.Errorf("the event cannot be read: %w", err)
			out.failed = append(out.failed, o.failed(one[0], err))
			continue
		}
		rest = append(rest, one[0])
	}
	return rest, nil
}

// readEvents fills in the events of rows that exist.
func (o *Outbox) readEvents(ctx context.Context, x execer, rows []row) error {
	if len(rows) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, o.opts.Timeout)
	defer cancel()
	index := make(map[rowID]int, len(rows))
	ids := make([]rowID, len(rows))
	for i, r := range rows {
		index[r.id], ids[i] = i, r.id
	}
	among, args := o.d.oneOf(ids)
	found, err := x.QueryContext(ctx, o.sql(selectEvents+among), args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		var id scannedID
		var blob number
		var event []byte
		if err := found.Scan(&id, &blob, &event); err != nil {
			return err
		}
		if i, ok := index[rowID{string(id), blob != 0}]; ok {
			if event == nil {
				event = []byte{} // the row exists
			}
			rows[i].event = event
		}
	}
	return found.Err()
}
