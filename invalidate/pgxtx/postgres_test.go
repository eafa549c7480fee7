package pgxtx_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uncache/uncache/internal/dbtest"
	"github.com/uncache/uncache/internal/netproxy"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"github.com/uncache/uncache/invalidate/outbox"
	"github.com/uncache/uncache/invalidate/pgxtx"
)

// server is a schema of the test's own in a real PostgreSQL.
type server struct {
	*pgxpool.Pool
	db     *sql.DB // the same, by database/sql
	config *pgx.ConnConfig
}

func newServer(t *testing.T) *server {
	t.Helper()
	config, err := pgxpool.ParseConfig(dbtest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{pool, stdlib.OpenDBFromPool(pool), config.ConnConfig}
	t.Cleanup(func() {
		if err := s.db.Close(); err != nil {
			t.Error(err)
		}
		pool.Close()
	})
	s.exec(t, "CREATE TABLE posts (slug text UNIQUE DEFERRABLE INITIALLY DEFERRED)")
	return s
}

func (s *server) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := s.Exec(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// wantRows fails unless table has n rows.
func (s *server) wantRows(t *testing.T, table string, n int) {
	t.Helper()
	var got int
	if err := s.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&got); err != nil {
		t.Fatal(err)
	}
	if got != n {
		t.Errorf("%s has %d rows, want %d", table, got, n)
	}
}

// through is a pool like that of s, through a proxy.
func (s *server) through(t *testing.T) (*pgxpool.Pool, *netproxy.Proxy) {
	t.Helper()
	p, err := netproxy.New(fmt.Sprintf("%s:%d", s.config.Host, s.config.Port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	config := s.Config()
	var host string
	if _, err := fmt.Sscanf(strings.Replace(p.Addr, ":", " ", 1), "%s %d", &host, &config.ConnConfig.Port); err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.Host, config.ConnConfig.Fallbacks = host, nil
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool, p
}

// withOutbox returns an Invalidator with a real outbox.
func (s *server) withOutbox(t *testing.T, p invalidate.Purger) (*invalidate.Invalidator, *outbox.Outbox) {
	t.Helper()
	o, err := outbox.New(s.db, outbox.PostgreSQL, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := o.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return newBlog(p, &invalidate.Options{Outbox: o}), o
}

func insert(ctx context.Context, tx pgx.Tx, inv *invalidate.Invalidator, slug string) error {
	if _, err := tx.Exec(ctx, "INSERT INTO posts VALUES ($1)", slug); err != nil {
		return err
	}
	return inv.Invalidate(ctx, Post{slug})
}

func TestPostgres(t *testing.T) {
	s := newServer(t)
	tr := new(invtest.Trace)
	inv, o := s.withOutbox(t, tr)
	save := func(slug string) func(context.Context, pgx.Tx) error {
		return func(ctx context.Context, tx pgx.Tx) error { return insert(ctx, tx, inv, slug) }
	}
	if err := pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, save("a")); err != nil {
		t.Fatal(err)
	}
	tr.WantNext(t, "PURGE path:/a")
	if err := o.Close(); err != nil { // deletes the rows of purged events
		t.Fatal(err)
	}
	s.wantRows(t, "posts", 1)
	s.wantRows(t, outbox.DefaultTable, 0)

	// A constraint that is checked in COMMIT.
	err := pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, save("a"))
	if outcome(err) != "rolled back" {
		t.Errorf("a violated constraint: got %v, want ErrRolledBack", err)
	}
	// fn does not return an error. With something to enqueue, the outbox is refused.
	// Without, COMMIT is answered with ROLLBACK.
	for _, slug := range []string{"b", ""} {
		err = pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
			if slug != "" {
				if err := save(slug)(ctx, tx); err != nil {
					t.Error(err)
				}
			}
			if _, err := tx.Exec(ctx, "SELECT 1/0"); err == nil {
				t.Error("SELECT 1/0: got nil, want an error")
			}
			return nil
		})
		if outcome(err) != "rolled back" {
			t.Errorf("an aborted transaction: got %v, want ErrRolledBack", err)
		}
	}
	tr.WantNext(t)
	s.wantRows(t, "posts", 1)
	s.wantRows(t, outbox.DefaultTable, 0)
}

func TestPostgresSavepoint(t *testing.T) {
	s := newServer(t)
	tr := new(invtest.Trace)
	inv, _ := s.withOutbox(t, tr)
	err := pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		if err := insert(ctx, tx, inv, "a"); err != nil {
			return err
		}
		err := pgxtx.Savepoint(ctx, tx, func(ctx context.Context, tx pgx.Tx) error {
			if err := insert(ctx, tx, inv, "b"); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "SELECT 1/0")
			return err
		})
		if !errors.Is(err, invalidate.ErrRolledBack) {
			t.Errorf("Savepoint: got %v, want ErrRolledBack", err)
		}
		// fn does not return the error: RELEASE is refused.
		err = pgxtx.Savepoint(ctx, tx, func(ctx context.Context, tx pgx.Tx) error {
			err := insert(ctx, tx, inv, "c")
			_, _ = tx.Exec(ctx, "SELECT 1/0")
			return err
		})
		if !errors.Is(err, invalidate.ErrRolledBack) {
			t.Errorf("Savepoint: got %v, want ErrRolledBack", err)
		}
		return pgxtx.Savepoint(ctx, tx, func(ctx context.Context, tx pgx.Tx) error {
			return insert(ctx, tx, inv, "d")
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	tr.WantNext(t, "PURGE path:/a path:/d")
	s.wantRows(t, "posts", 2)
}
