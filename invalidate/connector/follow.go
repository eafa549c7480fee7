package connector

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
)

// A transaction is one that is open on a connection, and was begun in a context
// that carries a batch.
type transaction struct {
	ctx   context.Context // of BEGIN
	batch *invalidate.Batch
	marks []mark

	// bySavepoint is whether it was begun by a savepoint, as in SQLite, and is
	// committed when that is released.
	bySavepoint bool
	// readOnly is whether it was begun to write nothing.
	readOnly bool
	// unsure is whether some of it may have been committed.
	unsure bool
}

type mark struct {
	name string
	at   integrate.Mark
}

// start follows the transaction that has begun on c.
func (c *conn) start(ctx context.Context, readOnly bool) {
	begin := integrate.Begin
	if readOnly {
		begin = integrate.BeginReadOnly
	}
	if b := begin(ctx); b != nil {
		c.tx = &transaction{ctx: ctx, readOnly: readOnly, batch: b}
	}
}

// before is called before s is sent. After an error it is not.
func (c *conn) before(ctx context.Context, s statement) error {
	t := c.tx
	if t == nil {
		return nil
	}
	if s.verb == commit || s.hidden || s.verb == release && t.bySavepoint && t.find(s.name) == 0 {
		if err := t.batch.Enqueue(ctx, execer{c.base}); err != nil {
			return fmt.Errorf("connector: not committed: %w", err)
		}
		t.unsure = true // until it is answered; a driver may panic over that
	}
	if s.verb == other && !s.plain {
		t.unsure = true
	}
	return nil
}

// after is called when s was answered with err.
func (c *conn) after(ctx context.Context, s statement, err error) {
	t := c.tx
	switch {
	case t == nil && err == nil && s.verb == begin:
		c.start(ctx, s.readOnly)
		if c.tx != nil {
			c.tx.unsure = s.several
		}
	case t == nil && err == nil && s.verb == savepoint:
		// SQLite has begun a transaction. Elsewhere it is an error, or means
		// nothing, and the connection is soon given back.
		c.start(ctx, false)
		if c.tx != nil {
			c.tx.bySavepoint = true
			c.tx.set(s.name)
		}
	case t == nil:
		if !s.reads {
			// It has committed by itself, whatever becomes of transactions that are
			// open in this context on other connections.
			integrate.Outside(ctx)
		}
	case s.verb == begin:
		t.unsure = true // MySQL has committed what there was
	case s.verb == commit && (err == nil || integrate.RolledBack(err)):
		c.end(s.chain, func() { t.answered(err) })
	case s.verb == rollback && err == nil:
		c.end(s.chain, t.drop)
	case s.verb == commit || s.verb == rollback:
		t.unsure = true // it may be sent again
	case err != nil:
	case s.several: // among them a ROLLBACK TO, perhaps
		integrate.Rewind(t.batch, integrate.Mark{})
	case s.verb == savepoint:
		t.set(s.name)
	case s.verb == rollbackTo:
		t.rewind(s.name)
	case s.verb == release:
		if i := t.find(s.name); i == 0 && t.bySavepoint {
			c.end(false, func() { t.answered(nil) })
		} else if i >= 0 {
			t.marks = t.marks[:i]
		}
	}
}

// end forgets the transaction, by way of how, and follows the next.
func (c *conn) end(chain bool, how func()) {
	ctx, readOnly := c.tx.ctx, c.tx.readOnly
	c.tx = nil
	how()
	if chain {
		c.start(ctx, readOnly)
	}
}

// settle is called when nobody will end the transaction any more, however that
// was meant.
func (c *conn) settle() {
	if t := c.tx; t != nil {
		c.tx = nil
		_ = t.batch.FlushUnknown(t.ctx)
	}
}

// answered is called when COMMIT was answered with err, nil or one that says
// that it has rolled back. What cannot be purged is the affair of the context's
// batch from there on, and Observe has been told.
func (t *transaction) answered(err error) {
	if err != nil {
		t.batch.Discard()
		return
	}
	_ = t.batch.Flush(t.ctx)
}

// drop is called when it has been rolled back.
func (t *transaction) drop() {
	if t.unsure {
		_ = t.batch.FlushUnknown(t.ctx)
		return
	}
	t.batch.Discard()
}

func (t *transaction) set(name string) {
	t.marks = append(t.marks, mark{name, integrate.NewMark(t.batch)})
}

// find returns the index of the savepoint of that name, or -1 if it cannot be
// told: MySQL and SQLite take "A" and a for one name, PostgreSQL does not.
func (t *transaction) find(name string) int {
	for i := len(t.marks) - 1; i >= 0; i-- {
		if strings.EqualFold(t.marks[i].name, name) {
			if t.marks[i].name != name {
				return -1
			}
			return i
		}
	}
	return -1
}

func (t *transaction) rewind(name string) {
	i := t.find(name)
	if i < 0 {
		integrate.Rewind(t.batch, integrate.Mark{})
		return
	}
	integrate.Rewind(t.batch, t.marks[i].at)
	t.marks = t.marks[:i+1]
}

// run has do send s.
func run[T any](ctx context.Context, c *conn, s statement, do func() (T, error)) (T, error) {
	if err := c.before(ctx, s); err != nil {
		var none T
		return none, err
	}
	v, err := do()
	if err != driver.ErrSkip { // then it is sent in another way
		c.after(ctx, s, err)
	}
	return v, err
}

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
		// No COMMIT was sent, and none will be on this connection.
		t.conn.broken = true
		err = errors.Join(err, fmt.Errorf("connector: rollback: %w", failed))
	}
	return fmt.Errorf("%w: %w", invalidate.ErrRolledBack, err)
}

// Rollback rolls back. Whatever it is answered, database/sql sends no COMMIT any
// more.
func (t *tx) Rollback() error {
	if open := t.conn.tx; open != nil {
		t.conn.tx = nil
		defer open.drop()
	}
	return t.base.Rollback()
}
