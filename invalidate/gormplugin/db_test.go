package gormplugin_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/glebarez/sqlite"
	"github.com/uncache/uncache/internal/dbtest"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/gormplugin"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"github.com/uncache/uncache/invalidate/outbox"
	"gorm.io/driver/mysql"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

type Author struct {
	ID   uint
	Name string
}

type Tag struct {
	ID   uint
	Name string `gorm:"size:40;uniqueIndex"`
}

type Comment struct {
	ID     uint
	PostID *uint
	Text   string
}

type Post struct {
	ID        uint
	Slug      string `gorm:"size:40;uniqueIndex"`
	Title     string
	State     string `gorm:"size:10;default:draft"`
	AuthorID  *uint
	Author    *Author
	Tags      []Tag `gorm:"many2many:post_tags"`
	Comments  []Comment
	DeletedAt gorm.DeletedAt
}

// A Note has no rule.
type Note struct {
	ID   uint
	Text string
}

// newInvalidator returns an Invalidator with rules for all models but the note: for the
// tag as a value, for the others as pointers.
func newInvalidator(p *invtest.Recorder, opts *invalidate.Options) *invalidate.Invalidator {
	inv := invalidate.New(p, opts)
	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) {
		if p.Slug == "" {
			to.Path("a post without a slug") // an error
			return
		}
		to.Path("/" + p.Slug)
		for _, tag := range p.Tags {
			to.Path("/with/" + tag.Name)
		}
	})
	invalidate.Register(inv, func(a *Author, to *invalidate.Targets) { to.Path("/by/" + a.Name) })
	invalidate.Register(inv, func(t Tag, to *invalidate.Targets) { to.Path("/tag/" + t.Name) })
	invalidate.Register(inv, func(c *Comment, to *invalidate.Targets) {
		if c.PostID != nil {
			to.Group(fmt.Sprint("comments:", *c.PostID))
		}
	})
	return inv
}

// A blog is a database with the plugin.
type blog struct {
	*invtest.Recorder
	inv  *invalidate.Invalidator
	db   *gorm.DB // with the plugin
	bare *sql.DB  // other connections, without

	outbox *outbox.Outbox // if setup asks for one
}

type setup struct {
	gorm gorm.Config
	inv  invalidate.Options
	opts gormplugin.Options

	outbox bool // a real one
}

func newBlog(t *testing.T, d dialect, s setup) *blog {
	t.Helper()
	b := &blog{Recorder: new(invtest.Recorder)}
	dsn := d.dsn(t)
	s.gorm.Logger = logger.Discard
	db, err := gorm.Open(d.open(dsn), &s.gorm)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.AutoMigrate(&Author{}, &Tag{}, &Post{}, &Comment{}, &Note{}); err != nil {
		t.Fatal(err)
	}
	bare, err := gorm.Open(d.open(dsn), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if b.bare, err = bare.DB(); err != nil {
		t.Fatal(err)
	}
	conns, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(conns.Close(), b.bare.Close()); err != nil {
			t.Error(err)
		}
	})
	if s.outbox {
		b.outbox, err = outbox.New(b.bare, d.outbox, b.Recorder, &outbox.Options{Grace: 10 * time.Millisecond, Poll: 10 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.outbox.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			b.Heal()
			if err := b.outbox.Close(); err != nil {
				t.Error(err)
			}
		})
		s.inv.Outbox = b.outbox
	}
	b.inv = newInvalidator(b.Recorder, &s.inv)
	if err := db.Use(gormplugin.New(b.inv, &s.opts)); err != nil {
		t.Fatal(err)
	}
	b.db = db.WithContext(t.Context())
	b.reset(t)
	return b
}

// reset writes, without the plugin, two posts of one author and nothing else. The first
// has a tag and a comment.
func (b *blog) reset(tb testing.TB) {
	tb.Helper()
	statements := []string{
		"DELETE FROM post_tags", "DELETE FROM comments", "DELETE FROM posts", "DELETE FROM tags", "DELETE FROM authors", "DELETE FROM notes",
		"INSERT INTO authors (id, name) VALUES (1, 'ada'), (2, 'bob')",
		"INSERT INTO tags (id, name) VALUES (1, 'go'), (2, 'sql')",
		"INSERT INTO posts (id, slug, title, state, author_id) VALUES (1, 'a', 'A', 'draft', 1), (2, 'b', 'B', 'draft', 1)",
		"INSERT INTO post_tags (post_id, tag_id) VALUES (1, 1)",
		"INSERT INTO comments (id, post_id, text) VALUES (1, 1, 'hello')",
		"INSERT INTO notes (id, text) VALUES (1, 'x')",
	}
	if b.db.Name() == "postgres" {
		statements = append(statements, "SELECT setval('posts_id_seq', 100)")
	}
	for _, s := range statements {
		if _, err := b.bare.Exec(s); err != nil {
			tb.Fatalf("%s: %v", s, err)
		}
	}
	b.Take()
}

// count returns the number that a query finds, outside of any transaction.
func (b *blog) count(tb testing.TB, query string) (n int) {
	tb.Helper()
	if err := b.bare.QueryRow(query).Scan(&n); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return n
}

type dialect struct {
	name   string
	dsn    func(*testing.T) string // of an empty database
	open   func(dsn string) gorm.Dialector
	outbox outbox.Dialect
}

var dialects = []dialect{
	{"sqlite", func(t *testing.T) string {
		return filepath.Join(t.TempDir(), "test.db") + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)"
	}, sqlite.Open, outbox.SQLite},
	{"postgres", func(t *testing.T) string { return dbtest.Postgres(t) }, postgres.Open, outbox.PostgreSQL},
	{"mysql", func(t *testing.T) string { return dbtest.MySQL(t) }, mysql.Open, outbox.MySQL},
}

// each runs a test on every database.
func each(t *testing.T, f func(t *testing.T, d dialect)) {
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) { f(t, d) })
	}
}
