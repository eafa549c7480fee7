package outbox

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"
)

// guard has the database end the session of tx, and release its locks, if this process
// sends nothing for too long. The process may be frozen, or cut off by a network that
// does not say so, which TCP may notice after hours. Call unguard when the transaction
// is over.
func (o *Outbox) guard(ctx context.Context, conn *sql.Conn, tx *sql.Tx) (unguard func(), err error) {
	none := func() {}
	if o.dialect == PostgreSQL {
		// Both for this transaction only. The statistics of a table that is mostly
		// empty promise a handful of rows: the planner would rather sort a hundred
		// thousand than read an index in its order.
		_, err := tx.ExecContext(ctx, fmt.Sprintf(`SELECT set_config('idle_in_transaction_session_timeout', '%d', true),
	set_config('enable_sort', 'off', true)`, o.opts.silence().Milliseconds()))
		return none, err
	}
	// MariaDB has a variable for transactions. MySQL has one for all idle sessions
	// only, in seconds.
	var was int64
	if err := tx.QueryRowContext(ctx, "SELECT @@SESSION.wait_timeout").Scan(&was); err != nil {
		return none, err
	}
	seconds := int64((o.opts.silence() + time.Second - 1) / time.Second)
	if was <= seconds {
		return none, nil
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("SET SESSION wait_timeout = %d", seconds)); err != nil {
		return none, err
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.opts.Timeout)
		defer cancel()
		if _, err := conn.ExecContext(ctx, fmt.Sprintf("SET SESSION wait_timeout = %d", was)); err != nil {
			// The pool must not give this connection to anybody else.
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}, nil
}
