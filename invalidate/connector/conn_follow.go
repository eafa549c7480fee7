package connector

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/uncache/uncache/invalidate/integrate"
)

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

// before is called before s is sent. After an error s is not sent.
func (c *conn) before(ctx context.Context, s statement) error {
	t := c.tx
	if t == nil {
		return nil
	}
	if s.verb == commit || s.hidden || s.verb == release && t.bySavepoint && t.find(s.name) == 0 {
		if err := t.batch.Enqueue(ctx, execer{c.base}); err != nil {
			return fmt.Errorf("connector: not committed: %w", err)
		}
		t.unsure = true // until it is answered, also if the driver panics
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
		// In SQLite this began a transaction. Elsewhere it is an error, or has no
		// effect, and the connection soon goes back to the pool.
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
		t.unsure = true // MySQL has committed the transaction before it
	case s.verb == commit && (err == nil || integrate.RolledBack(err)):
		c.end(s.chain, func() { t.answered(err) })
	case s.verb == rollback && err == nil:
		c.end(s.chain, t.drop)
	case s.verb == commit || s.verb == rollback:
		t.unsure = true // the application may send it again
	case err != nil:
	case s.several: // one of them may be a ROLLBACK TO
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

// end forgets the transaction, calls how to end its batch, and follows the next one.
func (c *conn) end(chain bool, how func()) {
	ctx, readOnly := c.tx.ctx, c.tx.readOnly
	c.tx = nil
	how()
	if chain {
		c.start(ctx, readOnly)
	}
}

// settle is called when nobody can end the transaction any more.
func (c *conn) settle() {
	if t := c.tx; t != nil {
		c.tx = nil
		_ = t.batch.FlushUnknown(t.ctx)
	}
}

// run calls do to send s.
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
