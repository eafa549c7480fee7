package bunhook_test

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

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/mysqldialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
	_ "modernc.org/sqlite"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
)

// databases are those that every test runs with.
var databases = []struct {
	name    string
	dialect func() schema.Dialect
	open    func(testing.TB) *sql.DB
}{
	{"sqlite", func() schema.Dialect { return sqlitedialect.New() }, openSQLite},
	{"postgres", func() schema.Dialect { return pgdialect.New() }, openPostgres},
	{"mysql", func() schema.Dialect { return mysqldialect.New() }, openMySQL},
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
	name := fmt.Sprintf("bunhook_%x", rand.Uint64())
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
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=foreign_keys(1)&_pragma=synchronous(0)")
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
	schema := fmt.Sprintf("bunhook_%x", rand.Uint64())
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

// Post has a URL that may change, its slug.
type Post struct {
	bun.BaseModel `bun:"table:posts"`

	ID    int64  `bun:",pk,autoincrement"`
	Slug  string `bun:",unique"`
	Title string
	Tags  []*Tag `bun:"m2m:post_tags,join:Post=Tag"`
}

// Tag is many to many with posts.
type Tag struct {
	bun.BaseModel `bun:"table:tags"`

	ID   int64 `bun:",pk,autoincrement"`
	Name string
}

// PostTag joins them, and is a model of its own.
type PostTag struct {
	bun.BaseModel `bun:"table:post_tags"`

	PostID int64 `bun:",pk"`
	Post   *Post `bun:"rel:belongs-to,join:post_id=id"`
	TagID  int64 `bun:",pk"`
	Tag    *Tag  `bun:"rel:belongs-to,join:tag_id=id"`
}

// A blog is a database with a hook, and what was purged.
type blog struct {
	*bun.DB
	hook   *bunhook.Hook
	inv    *invalidate.Invalidator
	outbox *table

	mu     sync.Mutex
	purged []string // the dependencies of each event
	whys   []string
	fails  error // what the Purger returns
	failed []error
}

// newBlog makes a blog with rules for *Post and PostTag.
func newBlog(tb testing.TB, sqldb *sql.DB, d schema.Dialect, opts bunhook.Options) *blog {
	b := &blog{outbox: new(table)}
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
	invalidate.Register(b.inv, func(p *Post, to *invalidate.Targets) {
		to.Path("/" + p.Slug)
		for _, t := range p.Tags {
			to.Group("tag:" + t.Name)
		}
	})
	invalidate.Register(b.inv, func(j PostTag, to *invalidate.Targets) {
		to.Group(fmt.Sprintf("tagged:%d", j.TagID))
	})
	b.hook = bunhook.New(b.inv, &opts)
	db := bun.NewDB(sqldb, d)
	db.RegisterModel((*PostTag)(nil))
	b.DB = db.WithQueryHook(b.hook)
	for _, model := range []any{(*Post)(nil), (*Tag)(nil), (*PostTag)(nil)} {
		if _, err := b.NewCreateTable().Model(model).Exec(tb.Context()); err != nil {
			tb.Fatal(err)
		}
	}
	if _, err := sqldb.ExecContext(tb.Context(), "CREATE TABLE kept (id INTEGER PRIMARY KEY, event TEXT)"); err != nil {
		tb.Fatal(err)
	}
	return b
}

// each runs a test with every database.
func each(t *testing.T, opts bunhook.Options, test func(t *testing.T, b *blog), except ...string) {
	for _, d := range databases {
		if slices.Contains(except, d.name) {
			continue
		}
		t.Run(d.name, func(t *testing.T) { test(t, newBlog(t, d.open(t), d.dialect(), opts)) })
	}
}

// reset leaves the posts a and b in the database, and nothing else.
func (b *blog) reset(tb testing.TB) (p1, p2 *Post) {
	tb.Helper()
	for _, table := range []string{"posts", "tags", "post_tags", "kept"} {
		if _, err := b.DB.DB.ExecContext(tb.Context(), "DELETE FROM "+table); err != nil {
			tb.Fatal(err)
		}
	}
	posts := []*Post{{Slug: "a"}, {Slug: "b"}}
	if _, err := b.NewInsert().Model(&posts).Exec(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.purged, b.whys, b.failed = nil, nil, nil
	return posts[0], posts[1]
}

func (b *blog) isMySQL() bool { return b.Dialect().Name() == dialect.MySQL }

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

// wantFailed fails unless Failed was told so many errors.
func (b *blog) wantFailed(tb testing.TB, want int) {
	tb.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.failed) != want {
		tb.Errorf("Failed was told %d errors, want %d: %v", len(b.failed), want, b.failed)
	}
}

// wantKept fails unless so many events are in the outbox.
func (b *blog) wantKept(tb testing.TB, want int) {
	tb.Helper()
	var got int
	if err := b.DB.DB.QueryRowContext(tb.Context(), "SELECT count(*) FROM kept").Scan(&got); err != nil {
		tb.Fatal(err)
	}
	if got != want {
		tb.Errorf("in the outbox: got %d events, want %d", got, want)
	}
}

// slugs returns those of the posts that are in the database.
func (b *blog) slugs(tb testing.TB) string {
	tb.Helper()
	var all []string
	if err := b.NewSelect().Model((*Post)(nil)).Column("slug").Order("slug").Scan(tb.Context(), &all); err != nil {
		tb.Fatal(err)
	}
	return strings.Join(all, " ")
}

// A table is an outbox in the same database. It forgets nothing, so that a test sees
// what was enqueued.
type table struct {
	mu    sync.Mutex
	last  int
	fails error
}

func (o *table) Enqueue(ctx context.Context, x invalidate.Execer, events []cache.Event) ([]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fails != nil {
		return nil, o.fails
	}
	var ids []string
	for range events {
		o.last++
		if _, err := x.ExecContext(ctx, fmt.Sprintf("INSERT INTO kept VALUES (%d, '')", o.last)); err != nil {
			return nil, err
		}
		ids = append(ids, fmt.Sprint(o.last))
	}
	return ids, nil
}

func (o *table) Keep(context.Context, []cache.Event) error { return nil }

func (o *table) Purged(context.Context, []string) {}
