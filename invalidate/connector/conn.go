package connector

//lint:file-ignore SA1019 A driver may have none of the newer methods.

import (
	"context"
	"database/sql/driver"
	"errors"
)

// A conn is a connection that sees transactions. It has every optional method that
// database/sql asks a connection for. Where the wrapped one lacks it, conn does what
// database/sql would do. Like every driver.Conn it is used by one goroutine at a time.
type conn struct {
	base   driver.Conn
	tx     *transaction // nil if none is followed
	broken bool         // the server may still hold a transaction open
}

var (
	_ driver.ConnBeginTx        = (*conn)(nil)
	_ driver.ConnPrepareContext = (*conn)(nil)
	_ driver.ExecerContext      = (*conn)(nil)
	_ driver.QueryerContext     = (*conn)(nil)
	_ driver.NamedValueChecker  = (*conn)(nil)
	_ driver.Pinger             = (*conn)(nil)
	_ driver.SessionResetter    = (*conn)(nil)
	_ driver.Validator          = (*conn)(nil)
)

func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.settle()
	base, err := beginTx(ctx, c.base, opts)
	if err != nil {
		return nil, err
	}
	c.start(ctx, opts.ReadOnly)
	return &tx{base, c, ctx}, nil
}

// beginTx does what database/sql does.
func beginTx(ctx context.Context, base driver.Conn, opts driver.TxOptions) (driver.Tx, error) {
	if b, ok := base.(driver.ConnBeginTx); ok {
		return b.BeginTx(ctx, opts)
	}
	if opts.Isolation != 0 {
		return nil, errors.New("sql: driver does not support non-default isolation level")
	}
	if opts.ReadOnly {
		return nil, errors.New("sql: driver does not support read-only transactions")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	tx, err := base.Begin()
	if err == nil && ctx.Err() != nil {
		return nil, errors.Join(ctx.Err(), tx.Rollback())
	}
	return tx, err
}

// Begin is not called by database/sql.
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return run(ctx, c, parse(query), func() (driver.Result, error) { return exec(ctx, c.base, query, args) })
}

// exec does what database/sql does. It returns driver.ErrSkip if the statement has to
// be prepared.
func exec(ctx context.Context, base driver.Conn, query string, args []driver.NamedValue) (driver.Result, error) {
	switch base := base.(type) {
	case driver.ExecerContext:
		return base.ExecContext(ctx, query, args)
	case driver.Execer:
		values, err := unnamed(ctx, args)
		if err != nil {
			return nil, err
		}
		return base.Exec(query, values)
	}
	return nil, driver.ErrSkip
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return run(ctx, c, parse(query), func() (driver.Rows, error) {
		switch base := c.base.(type) {
		case driver.QueryerContext:
			return base.QueryContext(ctx, query, args)
		case driver.Queryer:
			values, err := unnamed(ctx, args)
			if err != nil {
				return nil, err
			}
			return base.Query(query, values)
		}
		return nil, driver.ErrSkip
	})
}

func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	base, err := prepare(ctx, c.base, query)
	if err != nil {
		return nil, err
	}
	return newStmt(c, base, query), nil
}

// prepare does what database/sql does.
func prepare(ctx context.Context, base driver.Conn, query string) (driver.Stmt, error) {
	if p, ok := base.(driver.ConnPrepareContext); ok {
		return p.PrepareContext(ctx, query)
	}
	s, err := base.Prepare(query)
	if err == nil && ctx.Err() != nil {
		return nil, errors.Join(ctx.Err(), s.Close())
	}
	return s, err
}

// Prepare is not called by database/sql.
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// CheckNamedValue leaves to database/sql what the wrapped connection leaves to it.
func (c *conn) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.base.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

func (c *conn) Ping(ctx context.Context) error {
	if p, ok := c.base.(driver.Pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}

func (c *conn) ResetSession(ctx context.Context) error {
	if r, ok := c.base.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

// IsValid is called when the connection goes back to the pool.
func (c *conn) IsValid() bool {
	c.settle()
	if c.broken {
		return false
	}
	v, ok := c.base.(driver.Validator)
	return !ok || v.IsValid()
}

// Close closes the connection. The server rolls back what is open.
func (c *conn) Close() error {
	err := c.base.Close()
	if t := c.tx; t != nil {
		c.tx = nil
		t.drop()
	}
	return err
}

// unnamed returns args for methods that know neither contexts nor names.
func unnamed(ctx context.Context, args []driver.NamedValue) ([]driver.Value, error) {
	values := make([]driver.Value, len(args))
	for i, a := range args {
		if a.Name != "" {
			return nil, errors.New("sql: driver does not support the use of Named Parameters")
		}
		values[i] = a.Value
	}
	return values, ctx.Err()
}
