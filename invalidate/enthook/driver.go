package enthook

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"entgo.io/ent/dialect"
)

// Exec runs a statement: in the transaction of the save that ctx is of, if any.
func (d *Driver) Exec(ctx context.Context, query string, args, v any) error {
	c, err := d.in(ctx)
	if err != nil {
		return err
	}
	return c.Exec(ctx, query, args, v)
}

// Query runs a query: in the transaction of the save that ctx is of, if any.
func (d *Driver) Query(ctx context.Context, query string, args, v any) error {
	c, err := d.in(ctx)
	if err != nil {
		return err
	}
	return c.Query(ctx, query, args, v)
}

// ExecContext is for ent's feature sql/execquery. It is an error if the driver
// below has no such method.
func (d *Driver) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	c, err := d.in(ctx)
	if err != nil {
		return nil, err
	}
	x, ok := c.(execer)
	if !ok {
		return nil, errors.New("enthook: Driver.ExecContext is not supported")
	}
	return x.ExecContext(ctx, query, args...)
}

// QueryContext is for ent's feature sql/execquery. It is an error if the driver
// below has no such method.
func (d *Driver) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	c, err := d.in(ctx)
	if err != nil {
		return nil, err
	}
	q, ok := c.(querier)
	if !ok {
		return nil, errors.New("enthook: Driver.QueryContext is not supported")
	}
	return q.QueryContext(ctx, query, args...)
}

// in returns what a statement with ctx runs in.
func (d *Driver) in(ctx context.Context) (dialect.ExecQuerier, error) {
	if s := saveOf(ctx, d); s != nil {
		t, err := s.begin(ctx)
		if t != nil || err != nil {
			return t, err
		}
	}
	return d.Driver, nil
}

// Tx begins a transaction. Its Commit enqueues, commits and purges, and its
// Rollback purges nothing.
//
// Statements of a save that ent runs in a transaction of their own run in that of
// the save.
func (d *Driver) Tx(ctx context.Context) (dialect.Tx, error) {
	if s := saveOf(ctx, d); s != nil {
		t, err := s.begin(ctx)
		if err != nil {
			return nil, err
		}
		if t != nil {
			return joined{t, s}, nil
		}
	}
	t, err := d.Driver.Tx(ctx)
	if err != nil {
		return nil, err
	}
	return wrapped(d.newTx(ctx, t))
}

// BeginTx is Tx with options. It is an error if the driver below has no such
// method.
func (d *Driver) BeginTx(ctx context.Context, opts *sql.TxOptions) (dialect.Tx, error) {
	b, ok := d.Driver.(interface {
		BeginTx(context.Context, *sql.TxOptions) (dialect.Tx, error)
	})
	if !ok {
		return nil, fmt.Errorf("enthook: %T has no BeginTx", d.Driver)
	}
	t, err := b.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return wrapped(d.newTx(ctx, t))
}

func wrapped(t *tx, err error) (dialect.Tx, error) {
	if err != nil {
		return nil, err
	}
	return t, nil
}
