package txtest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/dbtest"
	"github.com/uncache/uncache/internal/netproxy"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/connector"
	"github.com/uncache/uncache/invalidate/outbox"
)

// A server is a real database, by a wrapped driver and by the driver itself.
type server struct {
	dialect outbox.Dialect
	base    driver.Connector
	through func(addr string) driver.Connector // a proxy
	addr    string

	db, plain *sql.DB
	kill      string // the statement that ends a connection, with its id
	pid       string // the statement that returns its id
}

// each runs f over each database.
func each(t *testing.T, f func(t *testing.T, s *server)) {
	for name, open := range map[string]func(*testing.T) *server{"postgres": postgres, "mysql": mariadb, "sqlite": lite} {
		t.Run(name, func(t *testing.T) { f(t, open(t)) })
	}
}

// eachRemote is each without SQLite, to which there is no connection to lose.
func eachRemote(t *testing.T, f func(t *testing.T, s *server)) {
	for name, open := range map[string]func(*testing.T) *server{"postgres": postgres, "mysql": mariadb} {
		t.Run(name, func(t *testing.T) { f(t, open(t)) })
	}
}

func postgres(t *testing.T) *server {
	t.Helper()
	config, err := pgx.ParseConfig(dbtest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{dialect: outbox.PostgreSQL, base: stdlib.GetConnector(*config), addr: fmt.Sprintf("%s:%d", config.Host, config.Port)}
	s.kill, s.pid = "SELECT pg_terminate_backend(%d, 5000)", "SELECT pg_backend_pid()"
	s.through = func(addr string) driver.Connector {
		config := config.Copy()
		config.Fallbacks = nil
		if _, err := fmt.Sscanf(strings.Replace(addr, ":", " ", 1), "%s %d", &config.Host, &config.Port); err != nil {
			t.Fatal(err)
		}
		return stdlib.GetConnector(*config)
	}
	return s.open(t)
}

func mariadb(t *testing.T) *server {
	t.Helper()
	config, err := mysql.ParseDSN(dbtest.MySQL(t))
	if err != nil {
		t.Fatal(err)
	}
	config.Logger = new(mysql.NopLogger) // of the connections that are killed
	connect := func(config *mysql.Config) driver.Connector {
		c, err := mysql.NewConnector(config)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	s := &server{dialect: outbox.MySQL, base: connect(config), addr: config.Addr}
	s.kill, s.pid = "KILL %d", "SELECT connection_id()"
	s.through = func(addr string) driver.Connector {
		config := config.Clone()
		config.Addr = addr
		return connect(config)
	}
	return s.open(t)
}

// file is a connector for SQLite, whose driver has none.
type file struct{ name string }

func (f file) Connect(context.Context) (driver.Conn, error) { return f.Driver().Open(f.name) }
func (f file) Driver() driver.Driver                        { return &sqlite.Driver{} }

func lite(t *testing.T) *server {
	t.Helper()
	name := "file:" + filepath.Join(t.TempDir(), "db") + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_txlock=immediate"
	return (&server{dialect: outbox.SQLite, base: file{name}}).open(t)
}

func (s *server) open(t *testing.T) *server {
	t.Helper()
	s.db, s.plain = sql.OpenDB(connector.New(s.base)), sql.OpenDB(s.base)
	t.Cleanup(func() {
		for _, db := range []*sql.DB{s.db, s.plain} {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	s.exec(t, "CREATE TABLE posts (slug VARCHAR(100) PRIMARY KEY, n INTEGER)")
	return s
}

func (s *server) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := s.plain.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// arg is the first placeholder.
func (s *server) insert() string {
	if s.dialect == outbox.PostgreSQL {
		return "INSERT INTO posts (slug) VALUES ($1)"
	}
	return "INSERT INTO posts (slug) VALUES (?)"
}

// saved returns the slugs that everybody can read, sorted.
func (s *server) saved(t *testing.T) []string {
	t.Helper()
	rows, err := s.plain.QueryContext(t.Context(), "SELECT slug FROM posts ORDER BY slug")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var slug string
		if err := rows.Scan(&slug); err != nil {
			t.Fatal(err)
		}
		all = append(all, slug)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func (s *server) rows(t *testing.T, table string) (n int) {
	t.Helper()
	if err := s.plain.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// proxy returns the database through a proxy.
func (s *server) proxy(t *testing.T) (*sql.DB, *netproxy.Proxy) {
	t.Helper()
	p, err := netproxy.New(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector.New(s.through(p.Addr)))
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		p.Close()
	})
	return db, p
}

// A site is a request that saves into db and invalidates.
type site struct {
	*server
	db     *sql.DB
	ctx    context.Context
	batch  *invalidate.Batch
	inv    *invalidate.Invalidator
	outbox *outbox.Outbox

	mu     sync.Mutex
	purged map[string]bool
}

type Post struct{ Slug string }

// site returns a request to db, with an outbox in the same database.
func (s *server) site(t *testing.T, db *sql.DB) *site {
	t.Helper()
	x := &site{server: s, db: db, purged: map[string]bool{}}
	purger := invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
		x.mu.Lock()
		defer x.mu.Unlock()
		for _, d := range e.Dependencies {
			x.purged[strings.TrimPrefix(string(d), "path:/")] = true
		}
		return nil
	})
	var err error
	if x.outbox, err = outbox.New(db, s.dialect, purger, nil); err != nil {
		t.Fatal(err)
	}
	if err := x.outbox.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.outbox.Close(); err != nil {
			t.Error(err)
		}
	})
	x.inv = invalidate.New(purger, &invalidate.Options{Outbox: x.outbox})
	invalidate.Register(x.inv, func(p Post, to *invalidate.Targets) { to.Path("/" + p.Slug) })
	x.ctx, x.batch = invalidate.Follow(t.Context())
	return x
}

type execer interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}

// save inserts a post and invalidates it, in the request's context.
func (x *site) save(t *testing.T, e execer, slug string) {
	t.Helper()
	if _, err := e.ExecContext(x.ctx, x.insert(), slug); err != nil {
		t.Error(err)
	}
	if err := x.inv.Invalidate(x.ctx, Post{slug}); err != nil {
		t.Error(err)
	}
}

// want fails unless what is saved, and what was purged, is all of want.
func (x *site) want(t *testing.T, want ...string) {
	t.Helper()
	if got := x.saved(t); !slices.Equal(got, want) {
		t.Errorf("saved: got %q, want %q", got, want)
	}
	x.wantPurged(t, want...)
}

func (x *site) wantPurged(t *testing.T, want ...string) {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	var got []string
	for slug := range x.purged {
		got = append(got, slug)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("purged: got %q, want %q", got, want)
	}
}
