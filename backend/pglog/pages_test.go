package pglog_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
)

// A node serves the page of a row out of its own memory.
type node struct {
	process
	db  *sql.DB
	inv *invalidate.Invalidator
	h   http.Handler
}

type post struct{}

func newNode(t testing.TB, p process, opts *coherent.Options) *node {
	t.Helper()
	near := memory.New(nil)
	t.Cleanup(func() { _ = near.Close() })
	o := coherent.Options{Timeout: 10 * time.Second} // the tests are about answers, not about times
	if opts != nil {
		o.MaxStale = opts.MaxStale
	}
	store, err := coherent.New(cache.Join(near, p.Log), &o)
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	pages, err := pagecache.New(store, &pagecache.Options{TTL: time.Hour})
	must(t, err)
	n := &node{process: p, db: stdlib.OpenDBFromPool(newPool(t)), inv: invalidate.New(pages, nil)}
	t.Cleanup(func() { _ = n.db.Close() })
	invalidate.Register(n.inv, func(_ *post, to *invalidate.Targets) { to.Path("/") })
	n.h = pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var title string
		if err := n.db.QueryRowContext(r.Context(), p.in("SELECT title FROM {schema}.posts")).Scan(&title); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, title)
	}))
	return n
}

// newSite returns nodes over one database.
func newSite(t testing.TB, opts *coherent.Options) (a, b *node) {
	t.Helper()
	p := newProcess(t)
	must(t, p.exec(t.Context(), "CREATE TABLE {schema}.posts AS SELECT 'first' AS title"))
	return newNode(t, p, opts), newNode(t, p.second(t), opts)
}

func (n *node) get(t testing.TB) (body string, hit bool) {
	t.Helper()
	w := httptest.NewRecorder()
	n.h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://site.test/", nil))
	return w.Body.String(), strings.Contains(w.Header().Get("Cache-Status"), "hit")
}

func (n *node) want(t testing.TB, when, title string, hit bool) {
	t.Helper()
	if got, h := n.get(t); got != title || h != hit {
		t.Errorf("%s: got %q, hit %v; want %q, hit %v", when, got, h, title, hit)
	}
}

// save updates the row in a transaction. It ends as fn says.
func (n *node) save(t testing.TB, title string, fn func(tx *sql.Tx) error) error {
	t.Helper()
	return n.inv.InTx(t.Context(), n.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, n.in("UPDATE {schema}.posts SET title = $1"), title); err != nil {
			return err
		}
		if err := n.inv.Invalidate(ctx, &post{}); err != nil {
			return err
		}
		return fn(tx)
	})
}

func saved(*sql.Tx) error { return nil }

func TestCommitIsThePurge(t *testing.T) {
	a, b := newSite(t, nil)
	for i := range 5 {
		title := fmt.Sprint("title ", i)
		must(t, a.save(t, title, saved))
		for _, n := range []*node{a, b} {
			n.want(t, "after a save", title, false)
			n.want(t, "again", title, true)
		}
	}
}

func TestRollbackIsNoPurge(t *testing.T) {
	a, b := newSite(t, nil)
	for _, n := range []*node{a, b} {
		n.want(t, "the first visit", "first", false)
	}
	failed := errors.New("failed")
	if err := a.save(t, "never", func(*sql.Tx) error { return failed }); !errors.Is(err, failed) || !errors.Is(err, invalidate.ErrRolledBack) {
		t.Errorf("a save that fails: got %v", err)
	}
	// COMMIT is answered by ROLLBACK: a statement has failed, and nobody has said so.
	err := a.save(t, "never", func(tx *sql.Tx) error {
		_, _ = tx.Exec("SELECT 1 FROM nothing")
		return nil
	})
	if !errors.Is(err, invalidate.ErrRolledBack) {
		t.Errorf("COMMIT of a transaction that failed: got %v, want ErrRolledBack", err)
	}
	for _, n := range []*node{a, b} {
		n.want(t, "after two rollbacks", "first", true)
	}
}

// The event is in the log as soon as the row is, whatever becomes of the process that
// saved. Here it does nothing any more after COMMIT.
func TestSaverDiesAfterCommit(t *testing.T) {
	a, b := newSite(t, nil)
	b.want(t, "the first visit", "first", false)
	ctx, batch := invalidate.WithBatch(t.Context())
	tx, err := a.db.BeginTx(ctx, nil)
	must(t, err)
	_, err = tx.ExecContext(ctx, a.in("UPDATE {schema}.posts SET title = 'second'"))
	must(t, err, a.inv.Invalidate(ctx, &post{}), batch.Enqueue(ctx, tx))
	b.want(t, "before COMMIT", "first", true)
	must(t, tx.Commit()) // no Flush
	b.want(t, "after COMMIT", "second", false)
}

// A save without a transaction, or in another database, is purged after it.
func TestSaveOutside(t *testing.T) {
	a, b := newSite(t, nil)
	b.want(t, "the first visit", "first", false)
	must(t, a.exec(t.Context(), "UPDATE {schema}.posts SET title = 'second'"), a.inv.Invalidate(t.Context(), &post{}))
	b.want(t, "after a save without a transaction", "second", false)

	other := newDatabase(t)
	db := stdlib.OpenDBFromPool(other.pool)
	t.Cleanup(func() { _ = db.Close() })
	err := a.inv.InTx(t.Context(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
		must(t, a.exec(ctx, "UPDATE {schema}.posts SET title = 'third'"))
		return a.inv.Invalidate(ctx, &post{})
	})
	must(t, err)
	b.want(t, "after a save in another database", "third", false)
}

// With MaxStale a process hears of a purge long before it would look.
func TestListenWakesTheReader(t *testing.T) {
	a, b := newSite(t, &coherent.Options{MaxStale: time.Minute})
	b.want(t, "the first visit", "first", false)
	b.want(t, "the second visit", "first", true)
	for i := range 3 {
		title := fmt.Sprint("title ", i)
		must(t, a.save(t, title, saved))
		a.want(t, "the process that saved", title, false)
		eventually(t, "the other process shows "+title, func() bool { got, _ := b.get(t); return got == title })
	}
}

// Where notifications are lost, MaxStale holds.
func TestMaxStaleWithoutNotifications(t *testing.T) {
	const maxStale = 400 * time.Millisecond
	a, b := newSite(t, &coherent.Options{MaxStale: maxStale})
	must(t, a.exec(t.Context(), `CREATE OR REPLACE FUNCTION {schema}.at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			DELETE FROM {schema}.pending WHERE n = NEW.n;
			INSERT INTO {schema}.events VALUES (nextval('{schema}.positions'), NEW.at, NEW.soft, NEW.reason, NEW.origin, NEW.names, 1);
			RETURN NULL;
		END $$`))
	b.want(t, "the first visit", "first", false)
	for i := range 3 {
		title := fmt.Sprint("title ", i)
		must(t, a.save(t, title, saved))
		time.Sleep(maxStale)
		if got, _ := b.get(t); got != title {
			t.Errorf("%v after the save: got %q, want %q", maxStale, got, title)
		}
	}
}

// A listening connection that is cut is made again.
func TestListenerIsCut(t *testing.T) {
	a, b := newSite(t, &coherent.Options{MaxStale: time.Minute})
	b.want(t, "the first visit", "first", false)
	for i := range 2 {
		eventually(t, "a connection that listens", func() bool {
			tag, err := a.pool.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = $1",
				"LISTEN "+pgx.Identifier{a.schema + ".log"}.Sanitize())
			must(t, err)
			return tag.RowsAffected() > 0
		})
		title := fmt.Sprint("title ", i)
		must(t, a.save(t, title, saved))
		eventually(t, "the other process shows "+title, func() bool { got, _ := b.get(t); return got == title })
	}
}
