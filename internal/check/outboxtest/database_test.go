package outboxtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/dbtest"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/outbox"
)

// A database is one that the suite runs against, with a table of its own.
type database struct {
	dialect outbox.Dialect
	dsn     string
	table   string
	db      *sql.DB
}

// rowLocks are the dialects under which no two relays have the same row.
var rowLocks = []outbox.Dialect{outbox.PostgreSQL, outbox.MySQL}

var all = []outbox.Dialect{outbox.PostgreSQL, outbox.MySQL, outbox.SQLite}

// each runs test against an empty outbox of every dialect.
func each(t *testing.T, dialects []outbox.Dialect, test func(t *testing.T, d *database)) {
	for _, dialect := range dialects {
		t.Run(string(dialect), func(t *testing.T) {
			d := newDatabase(t, dialect)
			if err := d.outbox(t, newPurger(), nil).Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			test(t, d)
		})
	}
}

// newDatabase connects to a server, or makes a file, in which there is nothing
// yet under a new name.
func newDatabase(t testing.TB, dialect outbox.Dialect) *database {
	t.Helper()
	d := &database{dialect: dialect, table: "outbox_" + strings.ToLower(rand.Text()[:12])}
	switch dialect {
	case outbox.PostgreSQL:
		d.dsn = dbtest.PostgresURL()
	case outbox.MySQL:
		d.dsn = dbtest.MySQLDSN()
	case outbox.SQLite:
		d.dsn = "file:" + filepath.Join(t.TempDir(), "test.db") + "?" + url.Values{
			"_txlock": {"immediate"},
			"_pragma": {"busy_timeout(20000)", "journal_mode(WAL)", "synchronous(NORMAL)"},
		}.Encode()
	}
	d.db = connect(t, dialect, d.dsn)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := d.db.PingContext(ctx); err != nil {
		dbtest.Missing(t, fmt.Errorf("%s: %w", dialect, err))
	}
	drop := d.db // a test may have put another in its place
	t.Cleanup(func() {
		for _, table := range []string{d.table, d.table + "_schema", d.table + "_posts"} {
			if _, err := drop.Exec("DROP TABLE IF EXISTS " + table); err != nil {
				t.Errorf("drop %s: %v", table, err)
			}
		}
	})
	return d
}

var drivers = map[outbox.Dialect]string{outbox.PostgreSQL: "pgx", outbox.MySQL: "mysql", outbox.SQLite: "sqlite"}

// connect is another process's view: a pool of its own.
func connect(t testing.TB, dialect outbox.Dialect, dsn string) *sql.DB {
	t.Helper()
	db, err := open(dialect, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func open(dialect outbox.Dialect, dsn string) (*sql.DB, error) {
	return sql.Open(drivers[dialect], dsn)
}

// quick are options under which nothing takes longer than it must.
func quick() outbox.Options {
	return outbox.Options{
		Grace:        time.Nanosecond,
		Poll:         10 * time.Millisecond,
		Backoff:      time.Millisecond,
		MaxBackoff:   time.Millisecond,
		MaxPause:     20 * time.Millisecond,
		Timeout:      30 * time.Second,
		CloseTimeout: time.Minute,
	}
}

// outbox returns an Outbox of d's table, with the options of quick as change
// has them.
func (d *database) outbox(t testing.TB, p invalidate.Purger, change func(o *outbox.Options)) *outbox.Outbox {
	t.Helper()
	o := quick()
	o.Table = d.table
	if change != nil {
		change(&o)
	}
	box, err := outbox.New(d.db, d.dialect, p, &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	return box
}

// relay is a started outbox.
func (d *database) relay(t testing.TB, p invalidate.Purger, change func(o *outbox.Options)) *outbox.Outbox {
	t.Helper()
	box := d.outbox(t, p, change)
	if err := box.Start(); err != nil {
		t.Fatal(err)
	}
	return box
}

// enqueue commits an event for each of deps, as a saver that dies after COMMIT.
func (d *database) enqueue(t testing.TB, box *outbox.Outbox, deps ...cache.Dependency) (ids []string) {
	t.Helper()
	tx, err := d.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	ids, err = box.Enqueue(context.Background(), tx, events(deps...))
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) != len(deps) {
		t.Fatalf("Enqueue of %d events returned %d ids", len(deps), len(ids))
	}
	return ids
}

func events(deps ...cache.Dependency) (list []cache.Event) {
	for _, dep := range deps {
		list = append(list, cache.Event{Dependencies: []cache.Dependency{dep}, Reason: "test of " + string(dep)})
	}
	return list
}

// exec runs a statement in which {table} is d's table.
func (d *database) exec(t testing.TB, statement string) {
	t.Helper()
	if _, err := d.db.Exec(strings.ReplaceAll(statement, "{table}", d.table)); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// text returns the single value of a query in which {table} is d's table.
func (d *database) text(t testing.TB, query string) (s string) {
	t.Helper()
	err := d.db.QueryRow(strings.ReplaceAll(query, "{table}", d.table)).Scan(&s)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

func stats(t testing.TB, box *outbox.Outbox) outbox.Stats {
	t.Helper()
	s, err := box.Stats(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// until waits for what must become true, and fails if it does not in a minute.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after a minute, not yet: %s", what)
		}
	}
}

var errDown = errors.New("connection refused by the test")

// Quiet: the driver logs what the tests provoke, connections that are closed.
func init() { _ = mysql.SetLogger(discard{}) }

type discard struct{}

func (discard) Print(...any) {}
