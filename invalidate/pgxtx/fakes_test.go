package pgxtx_test

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// database is a database of pgx that records what it is sent.
type database struct {
	invtest.Script
}

func (d database) BeginTx(context.Context, pgx.TxOptions) (pgx.Tx, error) {
	return &fakeTx{database: d}, d.Step("BEGIN")
}

type fakeTx struct {
	pgx.Tx
	database
	closed bool
}

func (t *fakeTx) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	for _, a := range args {
		sql += fmt.Sprintf(" %v", a)
	}
	return pgconn.NewCommandTag("UPDATE 7"), t.Step(sql)
}

func (t *fakeTx) Commit(context.Context) error {
	if t.closed {
		return pgx.ErrTxClosed
	}
	t.closed = true
	return t.Step("COMMIT")
}

func (t *fakeTx) Rollback(ctx context.Context) error {
	if t.closed {
		return pgx.ErrTxClosed
	}
	t.closed = true
	if err := ctx.Err(); err != nil {
		t.Add("ROLLBACK in a context that is done")
	}
	return t.Step("ROLLBACK")
}

type Post struct{ Slug string }

func newBlog(p invalidate.Purger, opts *invalidate.Options) *invalidate.Invalidator {
	inv := invalidate.New(p, opts)
	invalidate.Register(inv, func(p Post, to *invalidate.Targets) { to.Path("/" + p.Slug) })
	return inv
}
