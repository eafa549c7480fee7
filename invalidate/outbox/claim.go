package outbox

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strconv"

	"github.com/uncache/uncache/internal/panics"
)

// claimable is the condition of rows that this process may try, one day.
var claimable = waits + " AND format <= " + strconv.Itoa(format)

// Which rows a claim takes.
const (
	claimDue = ` AND due <= {now}`
	// What is not due because it was never tried is only left to its saver.
	// A relay that is closed does not wait for savers.
	claimAll = ` AND (due <= {now} OR tries = 0)`
)

// row is a claimed row.
type row struct {
	id    string
	event []byte
	tries int
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// claim takes up to Batch rows that nobody else has, tells the Purger of them,
// and writes down what came of it. The error has been observed: the Purger or the
// database is down.
//
// The rows are locked all the while, by a transaction: whatever becomes of this
// process, the locks go with its connection, and the rows are where they were.
func (o *Outbox) claim(ctx context.Context, which string) (out outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.opts.silence()+2*o.opts.Timeout)
	defer cancel()
	if o.d.locks {
		err = o.withLocks(ctx, which, &out)
	} else {
		err = o.withoutLocks(ctx, which, &out)
	}
	if err != nil {
		o.observe(Observation{Op: OpClaim, Err: err})
		return outcome{}, err
	}
	o.report(&out)
	return out, out.outage
}

func (o *Outbox) withoutLocks(ctx context.Context, which string, out *outcome) (err error) {
	defer panics.Catch(&err)
	rows, err := o.take(ctx, o.db, which)
	if err != nil || len(rows) == 0 {
		return err
	}
	out.taken = len(rows)
	o.deliver(ctx, rows, out)
	return o.inTx(ctx, func(tx *sql.Tx) error { return o.settle(ctx, tx, out) })
}

func (o *Outbox) withLocks(ctx context.Context, which string, out *outcome) (err error) {
	// Nothing is closed when the driver panics: database/sql keeps locks then that
	// a rollback and conn.Close would wait for. It rolls back when ctx ends, and
	// the pool has lost a connection.
	defer panics.Catch(&err)
	conn, err := o.db.Conn(ctx)
	if err != nil {
		return err
	}
	if err = o.onConn(ctx, conn, which, out); err != nil {
		// Perhaps it leads to a server that was the primary once, and reads
		// only. It would be the next one's, and the next one's.
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	if failed := conn.Close(); failed != sql.ErrConnDone {
		err = errors.Join(err, failed)
	}
	return err
}

func (o *Outbox) onConn(ctx context.Context, conn *sql.Conn, which string, out *outcome) error {
	tx, err := conn.BeginTx(ctx, o.level())
	if err != nil {
		return err
	}
	unguard, err := o.guard(ctx, conn, tx)
	if err == nil {
		err = o.inLocks(ctx, tx, which, out)
	}
	_ = tx.Rollback() // of nothing, after the commit
	unguard()
	return err
}

func (o *Outbox) inLocks(ctx context.Context, tx *sql.Tx, which string, out *outcome) error {
	rows, err := o.take(ctx, tx, which)
	if err != nil || len(rows) == 0 {
		return err
	}
	out.taken = len(rows)
	o.deliver(ctx, rows, out)
	if err := o.settle(ctx, tx, out); err != nil {
		return err
	}
	return tx.Commit()
}

const selectRows = `SELECT id, event, tries FROM {due} WHERE `

// take selects the rows, oldest first, and locks them if the database can.
func (o *Outbox) take(ctx context.Context, x execer, which string) ([]row, error) {
	ctx, cancel := context.WithTimeout(ctx, o.opts.Timeout)
	defer cancel()
	query := selectRows + claimable + which + ` ORDER BY due LIMIT ` + strconv.Itoa(o.opts.Batch)
	if o.d.locks {
		query += ` FOR UPDATE SKIP LOCKED`
	}
	found, err := x.QueryContext(ctx, o.sql(query))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var rows []row
	for found.Next() {
		var r row
		if err := found.Scan(&r.id, &r.event, &r.tries); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, found.Err()
}

const (
	updateRetry = `UPDATE {byID} SET tries = ?, last_error = ?, due = {later} WHERE id = ?`
	updateDead  = `UPDATE {byID} SET tries = ?, last_error = ?, dead = 1 WHERE id = ?`
)

// settle deletes what was purged, and puts off or buries what failed.
func (o *Outbox) settle(ctx context.Context, tx *sql.Tx, out *outcome) error {
	for ids := out.purged; len(ids) > 0; {
		n := min(len(ids), maxDelete)
		if err := o.deleteRows(ctx, tx, ids[:n]); err != nil {
			return err
		}
		ids = ids[n:]
	}
	for _, f := range out.failed {
		query, args := updateDead, []any{f.tries, note(f.err.Error())}
		if !f.dead {
			query = updateRetry
			args = append(args, o.d.delay(backoff(o.opts.Backoff, o.opts.MaxBackoff, f.tries)))
		}
		if _, err := tx.ExecContext(ctx, o.sql(query), append(args, f.id)...); err != nil {
			return err
		}
	}
	return nil
}

// report counts and observes what settle has written.
func (o *Outbox) report(out *outcome) {
	o.count.relayed.Add(int64(len(out.purged)))
	o.count.appended.Add(int64(out.events))
	if len(out.purged) > 0 {
		o.observe(Observation{Op: OpRelay, Rows: len(out.purged), Events: out.events})
	}
	for _, f := range out.failed {
		op, count := OpRetry, &o.count.retried
		if f.dead {
			op, count = OpDead, &o.count.buried
		}
		count.Add(1)
		o.observe(Observation{Op: op, ID: f.id, Rows: 1, Err: f.err})
	}
}
