package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	updateRetry = `UPDATE {byID} SET tries = ?, last_error = ?, due = {later} WHERE id = ?`
	updateDead  = `UPDATE {byID} SET tries = ?, last_error = ?, dead = 1 WHERE id = ?`
	// For a row in which a column does not take its value.
	updateDue      = `UPDATE {byID} SET due = {later} WHERE id = ?`
	updateOnlyDead = `UPDATE {byID} SET dead = 1 WHERE id = ?`
)

// settle deletes the rows that were purged, and puts off those that failed, or makes
// them dead letters. If the database refuses that for one row, the others are settled:
//
//  1. all rows in as few statements as possible
//  2. if one fails, or deletes too little: each row by itself
//  3. a row that is not deleted is put off, like one that has failed
//  4. a row that cannot be put off is left alone by this process ([OpStuck])
func (o *Outbox) settle(ctx context.Context, tx *sql.Tx, out *outcome) error {
	ctx, cancel := context.WithTimeout(ctx, 2*o.opts.Timeout)
	defer cancel()
	err := o.inSavepoint(ctx, tx, func() error { return o.settleAll(ctx, tx, out) })
	if err == nil {
		return nil
	}
	if err := lost(ctx, err); err != nil {
		return err
	}
	return o.settleSingly(ctx, tx, out)
}

func (o *Outbox) settleAll(ctx context.Context, tx *sql.Tx, out *outcome) error {
	for chunk := range slices.Chunk(out.purged, maxDelete) {
		if err := o.settlePurged(ctx, tx, chunk); err != nil {
			return err
		}
	}
	for _, f := range out.failed {
		if err := o.putOff(ctx, tx, f); err != nil {
			return err
		}
	}
	return nil
}

// settlePurged deletes rows that were purged, or puts them off if they are to be purged
// again.
func (o *Outbox) settlePurged(ctx context.Context, tx *sql.Tx, rows []row) error {
	var ids []rowID
	var again []row
	for _, r := range rows {
		if _, ok := r.next(); ok {
			again = append(again, r)
		} else {
			ids = append(ids, r.id)
		}
	}
	n, err := o.changeRows(ctx, tx, deleteByID, ids)
	if err != nil {
		return err
	}
	m, err := o.repeatLater(ctx, tx, again)
	if err == nil && n+m < int64(len(rows)) {
		err = errNotDeleted
	}
	return err
}

// putOff writes that a row has failed.
func (o *Outbox) putOff(ctx context.Context, tx *sql.Tx, f failure) error {
	args := []any{f.tries + 1, note(f.err.Error())}
	if f.dead {
		return o.change(ctx, tx, updateDead, append(args, f.id.arg())...)
	}
	wait := backoff(o.opts.Backoff, o.opts.MaxBackoff, f.tries+1)
	return o.change(ctx, tx, updateRetry, append(args, o.d.delay(wait), f.id.arg())...)
}

// putOffBriefly is putOff with as little change as possible.
func (o *Outbox) putOffBriefly(ctx context.Context, tx *sql.Tx, f failure) error {
	if f.dead {
		return o.change(ctx, tx, updateOnlyDead, f.id.arg())
	}
	return o.change(ctx, tx, updateDue, o.d.delay(o.opts.MaxBackoff), f.id.arg())
}

// change runs a statement that changes a row.
func (o *Outbox) change(ctx context.Context, tx *sql.Tx, statement string, args ...any) error {
	r, err := tx.ExecContext(ctx, o.sql(statement), args...)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errNotChanged
	}
	return nil
}

// settleSingly settles each row by itself. It returns an error if the database refused
// all of them: then the rows are not the reason.
func (o *Outbox) settleSingly(ctx context.Context, tx *sql.Tx, out *outcome) error {
	purged, failed := out.purged, out.failed
	out.purged, out.failed = nil, nil
	for _, r := range purged {
		err := o.inSavepoint(ctx, tx, func() error { return o.settlePurged(ctx, tx, []row{r}) })
		switch lost := lost(ctx, err); {
		case lost != nil:
			return lost
		case err == nil:
			out.purged = append(out.purged, r)
		case errors.Is(err, errNotDeleted):
			failed = append(failed, o.failed(r, err))
		default:
			failed = append(failed, o.failed(r, fmt.Errorf("%w: %w", errNotDeleted, err)))
		}
	}
	var last error
	for _, f := range failed {
		err := o.inSavepoint(ctx, tx, func() error { return o.putOff(ctx, tx, f) })
		if err != nil && lost(ctx, err) == nil {
			last = err
			err = o.inSavepoint(ctx, tx, func() error { return o.putOffBriefly(ctx, tx, f) })
		}
		if err := lost(ctx, err); err != nil {
			return err
		}
		if err == nil {
			out.failed = append(out.failed, f)
			continue
		}
		f.err = fmt.Errorf("%w; %w", f.err, last)
		o.leaveAlone(f)
		out.skipped++
		if o.exists(ctx, tx, f.row) {
			out.stuck = append(out.stuck, f)
		}
	}
	if len(out.purged)+len(out.failed) == 0 && last != nil && !errors.Is(last, errNotChanged) {
		return last
	}
	return nil
}

// leaveAlone has this process leave a row alone for a while.
func (o *Outbox) leaveAlone(f failure) {
	o.stuck.add(f.row, func(turn int) time.Duration { return backoff(o.opts.Backoff, o.opts.MaxBackoff, turn) })
}

// exists reports whether the row still exists. On SQLite another relay may have deleted
// it, which is no error. A row that is only not found by its id is seen again.
func (o *Outbox) exists(ctx context.Context, tx *sql.Tx, r row) bool {
	if o.d.locks || o.stuck.rows[r.key()].turns > 1 {
		return true
	}
	var n int
	err := tx.QueryRowContext(ctx, o.sql(`SELECT COUNT(*) FROM {table} WHERE id = ?`), r.id.arg()).Scan(&n)
	return err == nil && n > 0
}

// changeRows runs a statement that ends with "id " for the rows of ids, and returns how
// many it changed. The args come before the ids.
//
// MySQL gets one id at a time, since it looks each up by the primary key in any case.
// For an IN it scans a table that it believes to be empty, whatever the hints. The scan
// would wait for rows of other relays, and theirs for this one's.
func (o *Outbox) changeRows(ctx context.Context, tx *sql.Tx, statement string, ids []rowID, args ...any) (n int64, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	if o.dialect != MySQL {
		among, list := o.d.oneOf(ids)
		r, err := tx.ExecContext(ctx, o.sql(statement+among), append(args, list...)...)
		if err != nil {
			return 0, err
		}
		return r.RowsAffected()
	}
	stmt, err := tx.PrepareContext(ctx, o.sql(statement+"= ?"))
	if err != nil {
		return 0, err
	}
	defer stmt.Close()
	for _, id := range ids {
		r, err := stmt.ExecContext(ctx, append(args[:len(args):len(args)], id.arg())...)
		if err != nil {
			return n, err
		}
		one, err := r.RowsAffected()
		if err != nil {
			return n, err
		}
		n += one
	}
	return n, nil
}
