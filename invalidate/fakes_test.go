package invalidate_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

// trace is what happened, in order, in the database and at the purger.
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
}

// purger records the events that it is told, and fails as it is told to.
type purger struct {
	*trace
	err error

	mu     sync.Mutex
	events []cache.Event
}

func newPurger() *purger { return &purger{trace: new(trace)} }

func (p *purger) Purge(_ context.Context, e cache.Event) error {
	p.mu.Lock()
	p.events = append(p.events, e)
	p.mu.Unlock()
	p.add("PURGE " + join(e.Dependencies))
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

// database is a database/sql driver that has transactions and nothing else. It
// records what it is told, and fails at the step it is told to.
type database struct {
	*trace
	fail map[string]error  // by step: "BEGIN", "COMMIT", "ROLLBACK"
	at   map[string]func() // what else happens at a step, before it fails
}

func (d *database) Connect(context.Context) (driver.Conn, error) { return conn{d}, nil }
func (d *database) Driver() driver.Driver                        { return nil }

func (d *database) step(name string) error {
	if at := d.at[name]; at != nil {
		at()
	}
	d.add(name)
	return d.fail[name]
}

type conn struct{ *database }

func (c conn) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }
func (c conn) Close() error                        { return nil }
func (c conn) Begin() (driver.Tx, error)           { return nil, errors.ErrUnsupported }

func (c conn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	return tx(c), c.step("BEGIN")
}

func (c conn) ExecContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), c.step(query)
}

type tx struct{ *database }

func (t tx) Commit() error   { return t.step("COMMIT") }
func (t tx) Rollback() error { return t.step("ROLLBACK") }

// newDB returns a database that records in t.
func newDB(tb testing.TB, t *trace) (*sql.DB, *database) {
	d := &database{trace: t, fail: map[string]error{}, at: map[string]func(){}}
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

// wantError fails unless err says all of want.
func wantError(tb testing.TB, err error, want ...string) {
	tb.Helper()
	for _, w := range want {
		if err == nil || !strings.Contains(err.Error(), w) {
			tb.Errorf("error: got %v, want it to contain %q", err, w)
		}
	}
}
