package enthook_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
)

// databases are those that every test runs with.
var databases = []struct {
	dialect string
	open    func(testing.TB) *sql.DB
}{
	{dialect.SQLite, openSQLite},
	{dialect.Postgres, openPostgres},
	{dialect.MySQL, openMySQL},
}

// openMySQL opens a database of its own.
func openMySQL(tb testing.TB) *sql.DB {
	config, err := mysql.ParseDSN(cmp.Or(os.Getenv("MYSQL_DSN"), "root@tcp(127.0.0.1:3306)/test"))
	if err != nil {
		tb.Fatal(err)
	}
	open := func() *sql.DB {
		c, err := mysql.NewConnector(config)
		if err != nil {
			tb.Fatal(err)
		}
		return sql.OpenDB(c)
	}
	admin := open()
	if err := admin.Ping(); err != nil {
		_ = admin.Close()
		if os.Getenv("CI") == "true" {
			tb.Fatalf("MySQL: %v", err)
		}
		tb.Skipf("no MySQL: %v", err)
	}
	name := fmt.Sprintf("enthook_%x", rand.Uint64())
	if _, err := admin.Exec("CREATE DATABASE " + name); err != nil {
		tb.Fatal(err)
	}
	config.DBName, config.ParseTime = name, true
	db := open()
	tb.Cleanup(func() {
		_ = db.Close()
		if _, err := admin.Exec("DROP DATABASE " + name); err != nil {
			tb.Error(err)
		}
		_ = admin.Close()
	})
	return db
}

// openSQLite opens a database with one connection: whoever asks for a second one
// while a transaction holds it waits for ever, and fails the test.
func openSQLite(tb testing.TB) *sql.DB {
	path := filepath.Join(tb.TempDir(), "blog.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=foreign_keys(1)&_pragma=synchronous(0)&_txlock=immediate")
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// openPostgres opens a schema of its own.
func openPostgres(tb testing.TB) *sql.DB {
	url := cmp.Or(os.Getenv("DATABASE_URL"), "postgres://postgres@127.0.0.1:5432/test?sslmode=disable")
	admin, err := sql.Open("pgx", url)
	if err != nil {
		tb.Fatal(err)
	}
	if err := admin.Ping(); err != nil {
		_ = admin.Close()
		if os.Getenv("CI") == "true" {
			tb.Fatalf("PostgreSQL: %v", err)
		}
		tb.Skipf("no PostgreSQL: %v", err)
	}
	schema := fmt.Sprintf("enthook_%x", rand.Uint64())
	if _, err := admin.Exec("CREATE SCHEMA " + schema); err != nil {
		tb.Fatal(err)
	}
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	db, err := sql.Open("pgx", url+separator+"search_path="+schema)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = db.Close()
		if _, err := admin.Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
			tb.Error(err)
		}
		_ = admin.Close()
	})
	return db
}

// A blog is a database with a client, and what was purged.
type blog struct {
	*gen.Client
	db     *sql.DB
	drv    *enthook.Driver
	inv    *invalidate.Invalidator
	outbox *table

	mu     sync.Mutex
	purged []string // the dependencies of each event
	whys   []string
	fails  error // what the Purger returns
	failed []error
}

// newBlog makes a blog with rules for *gen.Post, *gen.Author and *gen.Tag.
func newBlog(tb testing.TB, db *sql.DB, name string, opts enthook.Options) *blog {
	b := &blog{db: db, outbox: new(table)}
	if opts.Failed == nil {
		opts.Failed = func(_ context.Context, err error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.failed = append(b.failed, err)
		}
	}
	purger := invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		var deps []string
		for _, d := range e.Dependencies {
			deps = append(deps, string(d))
		}
		b.purged = append(b.purged, strings.Join(deps, " "))
		b.whys = append(b.whys, e.Reason)
		return b.fails
	})
	b.inv = invalidate.New(purger, &invalidate.Options{Outbox: b.outbox})
	invalidate.Register(b.inv, func(p *gen.Post, to *invalidate.Targets) {
		to.Path("/" + p.Slug)
		for _, t := range p.Edges.Tags {
			to.Model(t)
		}
	})
	invalidate.Register(b.inv, func(a *gen.Author, to *invalidate.Targets) { to.Group("author:" + a.Name) })
	b.drv = enthook.New(entsql.OpenDB(name, db), b.inv, &opts)
	b.Client = gen.NewClient(gen.Driver(b.drv))
	b.Use(b.drv.Hook)
	if err := b.Schema.Create(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	if _, err := db.ExecContext(tb.Context(), "CREATE TABLE kept (id INTEGER PRIMARY KEY, event TEXT)"); err != nil {
		tb.Fatal(err)
	}
	return b
}

// each runs a test with every database.
func each(t *testing.T, opts enthook.Options, test func(t *testing.T, b *blog), except ...string) {
	for _, d := range databases {
		if slices.Contains(except, d.dialect) {
			continue
		}
		t.Run(d.dialect, func(t *testing.T) { test(t, newBlog(t, d.open(t), d.dialect, opts)) })
	}
}

// want fails unless these events have been purged since it was last called.
func (b *blog) want(tb testing.TB, events ...string) {
	tb.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(b.purged, events) {
		tb.Errorf("purged:\n got %q\nwant %q", b.purged, events)
	}
	b.purged, b.whys = nil, nil
}

// wantKept fails unless so many events are in the outbox.
func (b *blog) wantKept(tb testing.TB, want int) {
	tb.Helper()
	var got int
	if err := b.db.QueryRowContext(tb.Context(), "SELECT count(*) FROM kept").Scan(&got); err != nil {
		tb.Fatal(err)
	}
	if got != want {
		tb.Errorf("in the outbox: got %d events, want %d", got, want)
	}
}

// A table is an outbox in the same database. It forgets nothing, so that a test sees
// what was enqueued.
type table struct {
	mu     sync.Mutex
	last   int
	fails  error
	kept   int
	purged []string
}

func (o *table) Enqueue(ctx context.Context, x invalidate.Execer, events []cache.Event) ([]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fails != nil {
		return nil, o.fails
	}
	var ids []string
	for _, e := range events {
		o.last++
		if _, err := x.ExecContext(ctx, fmt.Sprintf("INSERT INTO kept VALUES (%d, '%s')", o.last, e.Reason)); err != nil {
			return nil, err
		}
		ids = append(ids, fmt.Sprint(o.last))
	}
	return ids, nil
}

func (o *table) Keep(_ context.Context, events []cache.Event) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept += len(events)
	return nil
}

func (o *table) Purged(_ context.Context, ids []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.purged = append(o.purged, ids...)
}

// must returns v unless there is an error.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
