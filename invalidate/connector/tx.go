package connector

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/uncache/uncache/invalidate"
)

// A tx is a transaction that database/sql runs.
type tx struct {
	base driver.Tx
	conn *conn
	ctx  context.Context
}

// Commit enqueues, commits, and purges.
func (t *tx) Commit() error {
	s := statement{verb: commit}
	if err := t.conn.before(t.ctx, s); err != nil {
		return t.refuse(err)
	}
	defer t.conn.settle() // nobody sends this COMMIT again
	err := t.base.Commit()
	t.conn.after(t.ctx, s, err)
	return err
}

// refuse rolls back because of err.
func (t *tx) refuse(err error) error {
	if t.conn.tx != nil {
		t.conn.tx.batch.Discard()
		t.conn.tx = nil
	}
	if failed := t.base.Rollback(); failed != nil {
		// No COMMIT was sent, and none will be sent on this connection.
		t.conn.broken = true
		err = errors.Join(err, fmt.Errorf("connector: rollback: %w", failed))
	}
	return fmt.Errorf("%w: %w", invalidate.ErrRolledBack, err)
}

// Rollback rolls back. Whatever the answer is, database/sql sends no COMMIT after it.
func (t *tx) Rollback() error {
	if open := t.conn.tx; open != nil {
		t.conn.tx = nil
		defer open.drop()
	}
	return t.base.Rollback()
}
