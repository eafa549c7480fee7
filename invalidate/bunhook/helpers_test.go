package bunhook_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/mysqldialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
	_ "modernc.org/sqlite"

	"github.com/uncache/uncache/internal/dbtest"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// databases are those with which every test runs.
var databases = []struct {
	name    string
	dialect func() schema.Dialect
	open    func(testing.TB) *sql.DB
}{
	{"sqlite", func() schema.Dialect { return sqlitedialect.New() }, openSQLite},
	{"postgres", func() schema.Dialect { return pgdialect.New() }, openPostgres},
	{"mysql", func() schema.Dialect { return mysqldialect.New() }, openMySQL},
}

func openSQLite(tb testing.TB) *sql.DB {
	return dbtest.OpenSQLite(tb, "_pragma=foreign_keys(1)&_pragma=synchronous(0)")
}
func openPostgres(tb testing.TB) *sql.DB { return dbtest.Open(tb, "pgx", dbtest.Postgres(tb)) }
func openMySQL(tb testing.TB) *sql.DB    { return dbtest.Open(tb, "mysql", dbtest.MySQL(tb)) }

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
	outbox *invtest.Table
	*invtest.Recorder
}

// newBlog makes a blog with rules for *Post and PostTag.
func newBlog(tb testing.TB, sqldb *sql.DB, d schema.Dialect, opts bunhook.Options) *blog {
	b := &blog{outbox: invtest.NewTable(tb, sqldb), Recorder: new(invtest.Recorder)}
	if opts.Failed == nil {
		opts.Failed = b.Fail
	}
	b.inv = invalidate.New(b.Recorder, &invalidate.Options{Outbox: b.outbox})
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
	b.Take()
	b.Failed = nil
	return posts[0], posts[1]
}

func (b *blog) isMySQL() bool { return b.Dialect().Name() == dialect.MySQL }

// slugs returns those of the posts that are in the database.
func (b *blog) slugs(tb testing.TB) string {
	tb.Helper()
	var all []string
	if err := b.NewSelect().Model((*Post)(nil)).Column("slug").Order("slug").Scan(tb.Context(), &all); err != nil {
		tb.Fatal(err)
	}
	return strings.Join(all, " ")
}
