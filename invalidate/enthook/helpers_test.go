package enthook_test

import (
	"database/sql"
	"slices"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/uncache/uncache/internal/dbtest"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// databases are those with which every test runs.
var databases = []struct {
	dialect string
	open    func(testing.TB) *sql.DB
}{
	{dialect.SQLite, openSQLite},
	{dialect.Postgres, openPostgres},
	{dialect.MySQL, openMySQL},
}

func openSQLite(tb testing.TB) *sql.DB {
	return dbtest.OpenSQLite(tb, "_pragma=foreign_keys(1)&_pragma=synchronous(0)&_txlock=immediate")
}
func openPostgres(tb testing.TB) *sql.DB { return dbtest.Open(tb, "pgx", dbtest.Postgres(tb)) }
func openMySQL(tb testing.TB) *sql.DB    { return dbtest.Open(tb, "mysql", dbtest.MySQL(tb)) }

// A blog is a database with a client, and what was purged.
type blog struct {
	*gen.Client
	db     *sql.DB
	drv    *enthook.Driver
	inv    *invalidate.Invalidator
	outbox *invtest.Table
	*invtest.Recorder
}

// newBlog makes a blog with rules for *gen.Post, *gen.Author and *gen.Tag.
func newBlog(tb testing.TB, db *sql.DB, name string, opts enthook.Options) *blog {
	b := &blog{db: db, outbox: invtest.NewTable(tb, db), Recorder: new(invtest.Recorder)}
	if opts.Failed == nil {
		opts.Failed = b.Fail
	}
	b.inv = invalidate.New(b.Recorder, &invalidate.Options{Outbox: b.outbox})
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

// must returns v unless there is an error.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
