package gormplugin_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glebarez/sqlite"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/gormplugin"
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

// purger records the events that it is told, and fails as it is told to.
type purger struct {
	mu     sync.Mutex
	events []string
	fail   error
	at     func() // what else happens
}

func (p *purger) Purge(_ context.Context, e cache.Event) error {
	if p.at != nil {
		p.at()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	names := make([]string, len(e.Dependencies))
	for i, d := range e.Dependencies {
		names[i] = string(d)
	}
	p.events = append(p.events, strings.Join(names, " "))
	return p.fail
}

// healthy ends its failing.
func (p *purger) healthy() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = nil
}

// take returns what was purged since it was called last.
func (p *purger) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	events := p.events
	p.events = nil
	return events
}

func (p *purger) want(tb testing.TB, want ...string) {
	tb.Helper()
	if got := p.take(); !slices.Equal(got, want) {
		tb.Errorf("purged:\n got %q\nwant %q", got, want)
	}
}

// newInvalidator returns one with rules for all models but the note. That of the
// tag is for the value, those of others for the pointer.
func newInvalidator(p *purger, opts *invalidate.Options) *invalidate.Invalidator {
	inv := invalidate.New(p, opts)
	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) {
		if p.Slug == "" {
			to.Path("a post without a slug") // which is an error
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
	*purger
	inv  *invalidate.Invalidator
	db   *gorm.DB // with the plugin
	bare *sql.DB  // other connections, without

	outbox *outbox.Outbox // if asked for
}

type setup struct {
	gorm gorm.Config
	inv  invalidate.Options
	opts gormplugin.Options

	outbox bool // a real one
}

func newBlog(t *testing.T, d dialect, s setup) *blog {
	t.Helper()
	b := &blog{purger: new(purger)}
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
		b.outbox, err = outbox.New(b.bare, d.outbox, b.purger, &outbox.Options{Grace: 10 * time.Millisecond, Poll: 10 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.outbox.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			b.healthy()
			if err := b.outbox.Close(); err != nil {
				t.Error(err)
			}
		})
		s.inv.Outbox = b.outbox
	}
	b.inv = newInvalidator(b.purger, &s.inv)
	if err := db.Use(gormplugin.New(b.inv, &s.opts)); err != nil {
		t.Fatal(err)
	}
	b.db = db.WithContext(t.Context())
	b.reset(t)
	return b
}

// reset writes, without the plugin, two posts of one author, the first with a
// tag and a comment, and nothing else.
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
	b.take()
}

// count returns what a query for a number finds outside of any transaction.
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
	{"postgres", postgresDSN, postgres.Open, outbox.PostgreSQL},
	{"mysql", mysqlDSN, mysql.Open, outbox.MySQL},
}

// each runs a test on every database.
func each(t *testing.T, f func(t *testing.T, d dialect)) {
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) { f(t, d) })
	}
}

// missing skips a test for want of a server, but not in CI.
func missing(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	t.Skip(err)
}

func postgresDSN(t *testing.T) string {
	base := os.Getenv("DATABASE_URL")
	if base == "" {
		base = "postgres://postgres@127.0.0.1:5432/test?sslmode=disable"
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("gormplugin_%x", rand.Uint64())
	inDatabase(t, postgres.Open(base), "CREATE SCHEMA "+name, "DROP SCHEMA "+name+" CASCADE")
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

func mysqlDSN(t *testing.T) string {
	base := os.Getenv("MYSQL_DSN")
	if base == "" {
		base = "root@tcp(127.0.0.1:3306)/test"
	}
	name := fmt.Sprintf("gormplugin_%x", rand.Uint64())
	inDatabase(t, mysql.Open(base), "CREATE DATABASE "+name, "DROP DATABASE "+name)
	slash := strings.LastIndexByte(base, '/')
	_, params, _ := strings.Cut(base[slash+1:], "?")
	dsn := base[:slash+1] + name + "?parseTime=true"
	if params != "" {
		dsn += "&" + params
	}
	return dsn
}

// inDatabase runs one statement now and one when the test is over.
func inDatabase(t *testing.T, d gorm.Dialector, now, then string) {
	t.Helper()
	db, err := gorm.Open(d, &gorm.Config{Logger: logger.Discard})
	if err != nil {
		missing(t, err)
	}
	conns, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conns.Exec(now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := conns.Exec(then); err != nil {
			t.Error(err)
		}
		if err := conns.Close(); err != nil {
			t.Error(err)
		}
	})
}
