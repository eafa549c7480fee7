package pgxtx_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

// trace is what happened, in order.
type trace struct {
	mu    sync.Mutex
	steps []string
}

func (t *trace) add(step string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps = append(t.steps, step)
}

func (t *trace) want(tb testing.TB, want ...string) {
	tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Equal(t.steps, want) {
		tb.Errorf("what happened:\n got %q\nwant %q", t.steps, want)
	}
	t.steps = nil
}

func (t *trace) Purge(_ context.Context, e cache.Event) error {
	var s []string
	for _, d := range e.Dependencies {
		s = append(s, string(d))
	}
	t.add("PURGE " + strings.Join(s, " "))
	return nil
}

// database is one of pgx that records what it is told.
type database struct {
	*trace
	fail map[string]error
}

func (d database) BeginTx(context.Context, pgx.TxOptions) (pgx.Tx, error) {
	return &fakeTx{database: d}, d.step("BEGIN")
}

func (d database) step(name string) error {
	d.add(name)
	return d.fail[name]
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
	return pgconn.NewCommandTag("UPDATE 7"), t.step(sql)
}

func (t *fakeTx) Commit(context.Context) error {
	if t.closed {
		return pgx.ErrTxClosed
	}
	t.closed = true
	return t.step("COMMIT")
}

func (t *fakeTx) Rollback(ctx context.Context) error {
	if t.closed {
		return pgx.ErrTxClosed
	}
	t.closed = true
	if err := ctx.Err(); err != nil {
		t.add("ROLLBACK in a context that is done")
	}
	return t.step("ROLLBACK")
}

type Post struct{ Slug string }

func newBlog(p invalidate.Purger, opts *invalidate.Options) *invalidate.Invalidator {
	inv := invalidate.New(p, opts)
	invalidate.Register(inv, func(p Post, to *invalidate.Targets) { to.Path("/" + p.Slug) })
	return inv
}
