package invalidate_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// purger records events, and returns err.
type purger struct {
	*invtest.Trace
	err error

	mu     sync.Mutex
	events []cache.Event
}

func newPurger() *purger { return &purger{Trace: new(invtest.Trace)} }

func (p *purger) Purge(_ context.Context, e cache.Event) error {
	p.mu.Lock()
	p.events = append(p.events, e)
	p.mu.Unlock()
	p.Add("PURGE " + join(e.Dependencies))
	return p.err
}

// one returns the only event that was purged.
func (p *purger) one(tb testing.TB) cache.Event {
	tb.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.events) != 1 {
		tb.Fatalf("purged %d events, want 1: %+v", len(p.events), p.events)
	}
	return p.events[0]
}

func join(deps []cache.Dependency) string {
	s := make([]string, len(deps))
	for i, d := range deps {
		s[i] = string(d)
	}
	return strings.Join(s, " ")
}

// database is a database/sql driver with transactions and nothing else. Its steps are
// "BEGIN", "COMMIT", "ROLLBACK" and statements.
type database struct {
	invtest.Script
}

func (d *database) Connect(context.Context) (driver.Conn, error) { return conn{d}, nil }
func (d *database) Driver() driver.Driver                        { return nil }

type conn struct{ *database }

func (c conn) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }
func (c conn) Close() error                        { return nil }
func (c conn) Begin() (driver.Tx, error)           { return nil, errors.ErrUnsupported }

func (c conn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	return tx(c), c.Step("BEGIN")
}

func (c conn) ExecContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), c.Step(query)
}

type tx struct{ *database }

func (t tx) Commit() error   { return t.Step("COMMIT") }
func (t tx) Rollback() error { return t.Step("ROLLBACK") }

// newDB returns a database that records in t.
func newDB(tb testing.TB, t *invtest.Trace) (*sql.DB, *database) {
	d := &database{invtest.NewScript(t)}
	db := sql.OpenDB(d)
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db, d
}

type Post struct {
	ID     int
	Slug   string
	Author string
}

type Author struct{ Name string }

func (a Author) String() string { return a.Name }

// newBlog returns an Invalidator with a rule for *Post.
func newBlog(p invalidate.Purger, opts *invalidate.Options) *invalidate.Invalidator {
	inv := invalidate.New(p, opts)
	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) {
		to.Path("/blog/"+p.Slug+"/", "/blog/")
	})
	return inv
}

func mustPanic(tb testing.TB, want string, f func()) {
	tb.Helper()
	defer func() {
		tb.Helper()
		if got := fmt.Sprint(recover()); !strings.HasPrefix(got, "invalidate: ") || !strings.Contains(got, want) {
			tb.Errorf("panic: got %q, want it to begin with %q and contain %q", got, "invalidate: ", want)
		}
	}()
	f()
}

// wantError fails unless err contains all of want.
func wantError(tb testing.TB, err error, want ...string) {
	tb.Helper()
	for _, w := range want {
		if err == nil || !strings.Contains(err.Error(), w) {
			tb.Errorf("error: got %v, want it to contain %q", err, w)
		}
	}
}
