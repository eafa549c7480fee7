package enthook

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
)

// Exec runs a statement, in the transaction of the save that ctx is of, if any.
func (d *Driver) Exec(ctx context.Context, query string, args, v any) error {
	c, err := d.in(ctx)
	if err != nil {
		return err
	}
	return c.Exec(ctx, query, args, v)
}

// Query runs a query, in the transaction of the save that ctx is of, if any.
func (d *Driver) Query(ctx context.Context, query string, args, v any) error {
	c, err := d.in(ctx)
	if err != nil {
		return err
	}
	return c.Query(ctx, query, args, v)
}

// ExecContext is for ent's feature sql/execquery. It is an error if the driver below
// has no such method.
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

// QueryContext is for ent's feature sql/execquery. It is an error if the driver below
// has no such method.
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

// Tx begins a transaction. Its Commit enqueues, commits and purges. Its Rollback purges
// nothing.
//
// If ent begins a transaction for a part of a save, its statements run in the
// transaction of the save.
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

// BeginTx is Tx with options. It is an error if the driver below has no such method.
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

// A Driver is a [dialect.Driver] that knows of every statement in which transaction it
// runs, and purges when that has committed. [Driver.Hook] tells it which entities are
// saved. It is safe for concurrent use.
type Driver struct {
	dialect.Driver
	inv  *invalidate.Invalidator
	opts Options

	loaders map[reflect.Type]loader // by type of mutation
	ignored sync.Map                // by name of type: what is wrong with Options.Ignore
}

var _ dialect.Driver = (*Driver)(nil)

// New returns a Driver over drv, which is one of package entgo.io/ent/dialect/sql or
// wraps one: its transactions have a method ExecContext.
//
// New panics if an argument or opts.Failed is nil or an option makes no sense. The
// panic names the option.
func New(drv dialect.Driver, inv *invalidate.Invalidator, opts *Options) *Driver {
	switch {
	case drv == nil:
		panic("enthook: New: the driver is nil")
	case inv == nil:
		panic("enthook: New: the Invalidator is nil")
	case opts == nil || opts.Failed == nil:
		panic("enthook: Options.Failed: it is nil, so a purge that failed would go unnoticed")
	case opts.MaxRows < 0:
		panic(fmt.Sprintf("enthook: Options.MaxRows: %d is negative", opts.MaxRows))
	}
	for typ, fields := range opts.Ignore {
		if typ == "" || slices.Contains(fields, "") {
			panic(fmt.Sprintf("enthook: Options.Ignore[%q]: %q has an empty name", typ, fields))
		}
	}
	d := &Driver{Driver: drv, inv: inv, opts: *opts, loaders: make(map[reflect.Type]loader)}
	if d.opts.MaxRows == 0 {
		d.opts.MaxRows = defaultMaxRows
	}
	if !inv.Registered(reflect.TypeFor[unknownRows]()) {
		invalidate.Register(inv, func(_ unknownRows, to *invalidate.Targets) { to.All() })
	}
	return d
}

func (d *Driver) loader(m ent.Mutation) loader {
	if l, ok := d.loaders[reflect.TypeOf(m)]; ok {
		return l
	}
	g := generated{v: reflect.ValueOf(m), m: m}
	if client := g.v.MethodByName("Client"); client.IsValid() {
		g.client = client.Call(nil)[0].Elem().FieldByName(m.Type())
	}
	return g
}

func (d *Driver) newTx(ctx context.Context, inner dialect.Tx) (*tx, error) {
	if _, ok := inner.(execer); !ok {
		return nil, errors.Join(fmt.Errorf("enthook: a transaction of %T has no ExecContext", d.Driver), inner.Rollback())
	}
	t := &tx{Tx: inner, d: d, ctx: ctx}
	if s, _ := ctx.Value(seatKey{}).(*seat); s != nil && s.tx == nil {
		s.tx = t // InTx gives it its batch
		return t, nil
	}
	t.batch, t.ours = integrate.NewBatch(ctx), true
	return t, nil
}
