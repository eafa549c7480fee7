package enthook

import (
	"context"
	"database/sql"
	"errors"

	"entgo.io/ent/dialect"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
)

// execer and querier are what ent's SQL drivers and transactions have beside the
// methods of their interfaces.
type execer = invalidate.Execer

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// A tx is a transaction that the Driver began.
type tx struct {
	dialect.Tx
	d   *Driver
	ctx context.Context // that it was begun with

	// batch is that of the transaction.
	batch *invalidate.Batch
	// ours is whether its COMMIT flushes the batch. Otherwise InTx does.
	ours bool
}

// ExecContext runs a statement in the transaction.
func (t *tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ignoringOf(ctx).passes(query)
	t.saw(ctx)
	return t.Tx.(execer).ExecContext(ctx, query, args...)
}

// QueryContext runs a query in the transaction.
func (t *tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ignoringOf(ctx).passes(query)
	q, ok := t.Tx.(querier)
	if !ok {
		return nil, errors.New("enthook: Tx.QueryContext is not supported")
	}
	t.saw(ctx)
	return q.QueryContext(ctx, query, args...)
}

// Exec runs a statement in the transaction.
func (t *tx) Exec(ctx context.Context, query string, args, v any) error {
	t.saw(ctx)
	ignoringOf(ctx).passes(query)
	if err := creationOf(ctx).passes(ctx, t, query, args); err != nil {
		return err
	}
	return t.Tx.Exec(ctx, query, args, v)
}

// Query runs a query in the transaction.
func (t *tx) Query(ctx context.Context, query string, args, v any) error {
	t.saw(ctx)
	ignoringOf(ctx).passes(query)
	if err := creationOf(ctx).passes(ctx, t, query, args); err != nil {
		return err
	}
	if s, _ := ctx.Value(statementKey{}).(*statement); s != nil && s.tx == nil {
		s.tx, s.query = t, query
	}
	return t.Tx.Query(ctx, t.locking(ctx, query), args, v)
}

// saw tells the save that ctx is of, if any, that a statement runs in t.
func (t *tx) saw(ctx context.Context) {
	if s := saveOf(ctx, t.d); s != nil {
		s.join(t)
	}
}

// Commit enqueues, commits and purges. The error is about the commit. Options.Failed is
// told of later errors.
func (t *tx) Commit() error {
	if !t.ours {
		return t.Tx.Commit()
	}
	err := t.batch.Commit(t.ctx, inner{t.Tx, t.Tx.(execer)})
	if err == nil || errors.Is(err, invalidate.ErrRolledBack) || errors.Is(err, invalidate.ErrCommitUnknown) {
		return err
	}
	t.d.opts.Failed(t.ctx, err)
	return nil
}

// Rollback rolls back, and drops what was to be purged.
func (t *tx) Rollback() error {
	if t.ours {
		t.batch.Discard()
	}
	return t.Tx.Rollback()
}

// inner is the driver's transaction as package invalidate needs it.
type inner struct {
	dialect.Tx
	execer
}

// A joined is what a save's statements get instead of a transaction of their own: they
// are in one already.
type joined struct {
	*tx
	s *save
}

// Commit does nothing: the save commits.
func (joined) Commit() error { return nil }

// Rollback makes the save fail.
func (j joined) Rollback() error {
	j.s.undo()
	return nil
}

// in returns ctx with the batch of t.
func (t *tx) in(ctx context.Context) context.Context {
	if invalidate.BatchOf(ctx) == t.batch {
		return ctx
	}
	return integrate.WithBatch(ctx, t.batch)
}
