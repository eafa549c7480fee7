package connector_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"strings"

	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// database is a driver with transactions that records what it is sent.
type database struct {
	invtest.Script
	plain bool // its connections have only the oldest methods
	skip  bool // statements have to be prepared
}

func (d *database) Connect(context.Context) (driver.Conn, error) {
	if d.plain {
		return plainConn{d}, nil
	}
	return &fullConn{plainConn{d}}, nil
}

func (d *database) Driver() driver.Driver { return d }

func (d *database) Open(name string) (driver.Conn, error) {
	d.Add("OPEN " + name)
	return d.Connect(context.Background())
}

func (d *database) Close() error { d.Add("CLOSE CONNECTOR"); return nil }

// plainConn has what every driver had in Go 1.0.
type plainConn struct{ *database }

func (c plainConn) Prepare(query string) (driver.Stmt, error) {
	return plainStmt{c.database, query}, nil
}

func (c plainConn) Begin() (driver.Tx, error) { return fakeTx(c), c.Step("BEGIN") }

func (c plainConn) Close() error { return nil }

type fakeTx struct{ *database }

func (t fakeTx) Commit() error { return t.Step("COMMIT") }

func (t fakeTx) Rollback() error { return t.Step("ROLLBACK") }

type plainStmt struct {
	*database
	query string
}

func (s plainStmt) Close() error { return nil }

func (s plainStmt) NumInput() int { return strings.Count(s.query, "?") }

func (s plainStmt) Exec(args []driver.Value) (driver.Result, error) {
	return driver.RowsAffected(1), s.Step(said("STMT "+s.query, args))
}

func (s plainStmt) Query(args []driver.Value) (driver.Rows, error) {
	return noRows{}, s.Step(said("STMT "+s.query, args))
}

func said(query string, args []driver.Value) string {
	for _, a := range args {
		query += fmt.Sprintf(" %v", a)
	}
	return query
}

type noRows struct{}

func (noRows) Columns() []string { return nil }

func (noRows) Close() error { return nil }

func (noRows) Next([]driver.Value) error { return io.EOF }

// fullConn has every optional method.
type fullConn struct{ plainConn }

func (c *fullConn) BeginTx(_ context.Context, opts driver.TxOptions) (driver.Tx, error) {
	name := "BEGIN"
	if opts.ReadOnly {
		name += " READ ONLY"
	}
	return fakeTx(c.plainConn), c.Step(name)
}

func (c *fullConn) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	return &fullStmt{plainStmt{c.database, query}}, c.Fail["PREPARE "+query]
}

func (c *fullConn) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.skip {
		return nil, driver.ErrSkip
	}
	return driver.RowsAffected(1), c.Step(query + named(args))
}

func (c *fullConn) QueryContext(_ context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.skip {
		return nil, driver.ErrSkip
	}
	return noRows{}, c.Step(query + named(args))
}

// special is a type that only this driver knows.
type special string

func (c *fullConn) CheckNamedValue(v *driver.NamedValue) error {
	if s, ok := v.Value.(special); ok {
		if s == "" {
			return driver.ErrRemoveArgument
		}
		v.Value = "special " + string(s)
		return nil
	}
	return driver.ErrSkip
}

func (c *fullConn) Ping(context.Context) error { return c.Step("PING") }

func (c *fullConn) ResetSession(context.Context) error { return c.Step("RESET") }

func (c *fullConn) IsValid() bool { return c.Fail["VALID"] == nil }

type fullStmt struct{ plainStmt }

func (s *fullStmt) ExecContext(_ context.Context, args []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), s.Step("STMT " + s.query + named(args))
}

func (s *fullStmt) QueryContext(_ context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return noRows{}, s.Step("STMT " + s.query + named(args))
}

func named(args []driver.NamedValue) string {
	var s strings.Builder
	for _, a := range args {
		fmt.Fprintf(&s, " %s%v", a.Name, a.Value)
	}
	return s.String()
}
