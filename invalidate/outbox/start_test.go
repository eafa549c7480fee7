package outbox_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/outbox"
)

// starting is a database that refuses its first query, as one that is starting up does.
// If it has no table, it refuses every query of one.
type starting struct {
	queries atomic.Int32
	empty   atomic.Bool
}

func (s *starting) Connect(context.Context) (driver.Conn, error) { return startingConn{s}, nil }
func (s *starting) Driver() driver.Driver                        { return nil }

type startingConn struct{ *starting }

func (startingConn) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }
func (startingConn) Close() error                        { return nil }
func (startingConn) Begin() (driver.Tx, error)           { return nil, errors.ErrUnsupported }

func (c startingConn) QueryContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	switch {
	case c.queries.Add(1) == 1:
		return nil, errors.New("the database system is starting up")
	case c.empty.Load() && strings.Contains(query, "FROM"):
		return nil, errors.New("no such table")
	}
	return new(one), nil
}

// one is a single row with a 1.
type one struct{ read bool }

func (*one) Columns() []string { return []string{"n"} }
func (*one) Close() error      { return nil }

func (o *one) Next(dest []driver.Value) error {
	if o.read {
		return io.EOF
	}
	o.read, dest[0] = true, int64(1)
	return nil
}

// A database that comes up while Start looks is no error. After that, Observe is told
// what is wrong with the table, and not the caller of Start.
func TestStartWhileTheDatabaseComesUp(t *testing.T) {
	s := new(starting)
	db := sql.OpenDB(s)
	defer db.Close()
	purger := invalidate.PurgerFunc(func(context.Context, cache.Event) error { return nil })
	o, err := outbox.New(db, outbox.PostgreSQL, purger, &outbox.Options{CloseTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if err := o.Start(); err != nil {
		t.Errorf("Start: %v", err)
	}
	s.empty.Store(true)
	if err := o.Start(); err != nil {
		t.Errorf("Start again: %v", err)
	}
}
