package outbox

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strconv"

	"github.com/uncache/uncache/internal/panics"
)

// claimable is the condition of rows that this process may try, now or later.
var claimable = waits + " AND format <= " + strconv.Itoa(format)

// Which rows a claim takes.
const (
	claimDue = ` AND due <= {now}`
	// A row that was never tried and is not due is left to its saver. A relay that is
	// closed does not wait for savers.
	claimAll = ` AND (due <= {now} OR tries = 0 AND purged = 0)`
)

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// claim takes rows that no other relay has, tells the Purger of them, and settles them:
// up to Batch rows, and maxClaimBytes of events. An error has been observed: the Purger
// or the database is down.
//
// A transaction locks the rows meanwhile. If this process dies, the locks go with its
// connection, and the rows are as before.
func (o *Outbox) claim(ctx context.Context, which string) (out outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.opts.silence()+2*o.opts.Timeout)
	defer cancel()
	if o.d.locks {
		err = o.withLocks(ctx, which, &out)
	} else {
		err = o.withoutLocks(ctx, which, &out)
	}
	if err != nil {
		o.suspect(&out)
		o.observe(Observation{Op: OpClaim, Err: err})
		return outcome{}, err
	}
	for _, r := range out.purged {
		o.stuck.remove(r)
	}
	for _, f := range out.failed {
		o.stuck.remove(f.row)
	}
	o.report(&out)
	return out, out.outage
}

// suspect notes that a claim could not be settled. One row may be the reason, on which
// the database hangs. So each of them is taken alone the next time. A row that was
// alone is left alone for a while.
func (o *Outbox) suspect(out *outcome) {
	if len(out.rows) == 1 {
		if r := out.rows[0]; !o.stuck.waits(r) {
			o.leaveAlone(failure{row: r})
		}
		o.reportStuck(out)
		return
	}
	for _, r := range out.rows {
		o.stuck.suspect(r)
	}
}

func (o *Outbox) withoutLocks(ctx context.Context, which string, out *outcome) (err error) {
	defer panics.Catch(&err)
	rows, err := o.find(ctx, o.db, which, out)
	if err != nil || len(rows) == 0 {
		return err
	}
	if rows, err = o.read(ctx, o.db, rows, out); err != nil {
		return err
	}
	o.deliver(ctx, rows, out)
	return o.inTx(ctx, func(tx *sql.Tx) error { return o.settle(ctx, tx, out) })
}

func (o *Outbox) withLocks(ctx context.Context, which string, out *outcome) (err error) {
	// Nothing is closed when the driver panics: database/sql keeps locks then that a
	// rollback and conn.Close would wait for. It rolls back when ctx ends, and the pool
	// has lost a connection.
	defer panics.Catch(&err)
	conn, err := o.db.Conn(ctx)
	if err != nil {
		return err
	}
	again := true
	for again && err == nil {
		again, err = o.onConn(ctx, conn, which, out)
	}
	if err != nil {
		// The connection may lead to a server that is no longer the primary, and reads
		// only. The next claim would get it again.
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	if failed := conn.Close(); failed != sql.ErrConnDone {
		err = errors.Join(err, failed)
	}
	return err
}

// onConn runs the transaction of a claim. It reports whether to begin again, because it
// has locked more rows than it may read: MySQL releases none before the end.
func (o *Outbox) onConn(ctx context.Context, conn *sql.Conn, which string, out *outcome) (again bool, err error) {
	tx, err := conn.BeginTx(ctx, o.level())
	if err != nil {
		return false, err
	}
	unguard, err := o.guard(ctx, conn, tx)
	if err == nil {
		again, err = o.inTransaction(ctx, tx, which, out)
	}
	_ = tx.Rollback() // does nothing after the commit
	unguard()
	return again, err
}

func (o *Outbox) inTransaction(ctx context.Context, tx *sql.Tx, which string, out *outcome) (again bool, err error) {
	limit := o.limit
	rows, err := o.find(ctx, tx, which, out)
	switch {
	case err != nil:
		return false, err
	case len(rows) == 0:
		return false, nil
	case o.limit < limit:
		return true, nil
	}
	if rows, err = o.read(ctx, tx, rows, out); err != nil {
		return false, err
	}
	o.deliver(ctx, rows, out)
	if err := o.settle(ctx, tx, out); err != nil {
		return false, err
	}
	return false, tx.Commit()
}

// report counts and observes what settle has written.
func (o *Outbox) report(out *outcome) {
	o.count.relayed.Add(int64(len(out.purged)))
	o.count.appended.Add(int64(out.events))
	for _, r := range out.purged {
		if r.schedule.purged == 0 && !r.saved.IsZero() {
			o.count.saveToPurge.Add(r.waited)
		}
	}
	if len(out.purged) > 0 {
		o.observe(Observation{Op: OpRelay, Rows: len(out.purged), Events: out.events})
	}
	for _, f := range out.failed {
		op, count := OpRetry, &o.count.retried
		if f.dead {
			op, count = OpDead, &o.count.givenUp
		}
		count.Add(1)
		o.observe(Observation{Op: op, ID: f.id.text, Rows: 1, Err: f.err})
	}
	o.reportStuck(out)
}

func (o *Outbox) reportStuck(out *outcome) {
	for _, f := range out.stuck {
		o.observe(Observation{Op: OpStuck, ID: f.id.text, Rows: 1, Err: f.err})
	}
}
