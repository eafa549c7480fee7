package invtest

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

// appending is a Purger whose log is a table of the database of the saves.
type appending struct {
	err    error // of the append
	purged int   // how often Purge was called
	then   int   // how often what is left was called
}

func (p *appending) Purge(context.Context, cache.Event) error { p.purged++; return nil }

func (p *appending) PurgeTx(ctx context.Context, exec cache.Exec, _ cache.Event) (func(context.Context) error, error) {
	if p.err != nil {
		return nil, p.err
	}
	n, err := exec(ctx, "INSERT INTO uncache_appended (n) VALUES (1)")
	if err != nil || n != 1 {
		return nil, errors.Join(err, errors.New("the append has changed no row"))
	}
	return func(context.Context) error { p.then++; return nil }, nil
}

// RunTxLog tests an adapter with a Purger that purges in the transaction: the event
// commits with the save, or is rolled back with it. open is as in [RunRelay].
func RunTxLog(t *testing.T, db *sql.DB, open func(inv *invalidate.Invalidator) (save func(slug string) error)) {
	t.Helper()
	if _, err := db.Exec("CREATE TABLE uncache_appended (n INT)"); err != nil {
		t.Fatal(err)
	}
	p := &appending{}
	save := open(invalidate.New(p, nil))
	if err := save("a"); err != nil {
		t.Fatal(err)
	}
	var rows int
	count := func() int {
		if err := db.QueryRow("SELECT COUNT(*) FROM uncache_appended").Scan(&rows); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	if n := count(); n != 1 || p.purged != 0 || p.then != 1 {
		t.Errorf("%d events were appended with the save, %d purged after it, and the rest done %d times; want 1, 0 and 1", n, p.purged, p.then)
	}
	p.err = errors.New("broken")
	if err := save("b"); !errors.Is(err, p.err) || !errors.Is(err, invalidate.ErrRolledBack) {
		t.Errorf("a save whose append fails: got %v, want what failed and ErrRolledBack", err)
	}
	if n := count(); n != 1 || p.purged != 0 {
		t.Errorf("after it %d events are appended, %d purged; want 1 and 0", n, p.purged)
	}
}
