package pglog_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/uncache/uncache/backend/pglog"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/dbtest"
)

func must(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// newPool returns a pool of the server of dbtest.
func newPool(t testing.TB) *pgxpool.Pool { return newPoolAt(t, dbtest.PostgresURL()) }

func newPoolAt(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	must(t, err)
	config.MaxConns = 8
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	must(t, err)
	t.Cleanup(pool.Close)
	if err := pool.Ping(t.Context()); err != nil {
		dbtest.Missing(t, err)
	}
	return pool
}

// A process is a log as one process has it, in a schema of the test's own.
type process struct {
	*pglog.Log
	pool   *pgxpool.Pool
	schema string
}

func newProcess(t testing.TB) process {
	t.Helper()
	pool := newPool(t)
	p := join(t, pool, "test_"+strings.ToLower(rand.Text()), nil)
	must(t, p.Migrate(t.Context()))
	t.Cleanup(func() {
		if _, err := pool.Exec(context.Background(), "DROP SCHEMA IF EXISTS "+p.schema+" CASCADE"); err != nil {
			t.Error(err)
		}
	})
	return p
}

// newDatabase makes a database of its own on the same server, without a log.
func newDatabase(t testing.TB) process {
	t.Helper()
	admin := newPool(t)
	name := "test_" + strings.ToLower(rand.Text())
	_, err := admin.Exec(t.Context(), "CREATE DATABASE "+name)
	must(t, err)
	t.Cleanup(func() {
		if _, err := admin.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(dbtest.PostgresURL())
	must(t, err)
	u.Path = "/" + name
	return process{pool: newPoolAt(t, u.String())}
}

// join returns a log in a schema that may be there.
func join(t testing.TB, pool *pgxpool.Pool, schema string, opts *pglog.Options) process {
	t.Helper()
	var o pglog.Options
	if opts != nil {
		o = *opts
	}
	o.Schema = schema
	l, err := pglog.New(pool, &o)
	must(t, err)
	t.Cleanup(func() { must(t, l.Close()) })
	return process{l, pool, schema}
}

// second returns the log as another process has it.
func (p process) second(t testing.TB) process { return join(t, newPool(t), p.schema, nil) }

// exec runs a statement in which {schema} is the log's.
func (p process) exec(ctx context.Context, sql string, args ...any) error {
	_, err := p.pool.Exec(ctx, p.in(sql), args...)
	return err
}

func (p process) in(sql string) string { return strings.ReplaceAll(sql, "{schema}", p.schema) }

// begin begins a transaction, which is rolled back when the test ends.
func (p process) begin(t testing.TB, opts pgx.TxOptions) pgx.Tx {
	t.Helper()
	tx, err := p.pool.BeginTx(t.Context(), opts)
	must(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	return tx
}

// execOf returns what runs statements in tx.
func execOf(tx pgx.Tx) cache.Exec {
	return func(ctx context.Context, query string, args ...any) (int64, error) {
		tag, err := tx.Exec(ctx, query, args...)
		return tag.RowsAffected(), err
	}
}

func event(name string) cache.Event {
	return cache.Event{Dependencies: []cache.Dependency{cache.Group(name)}, Reason: name}
}

func (p process) purge(t testing.TB, name string) cache.Position {
	t.Helper()
	pos, err := p.Append(t.Context(), event(name))
	must(t, err)
	return pos
}

// purgeIn appends in a transaction.
func (p process) purgeIn(t testing.TB, tx pgx.Tx, name string) {
	t.Helper()
	ok, err := p.AppendTx(t.Context(), execOf(tx), event(name))
	if err != nil || !ok {
		t.Fatalf("AppendTx: got %v, %v; want true, nil", ok, err)
	}
}

func (p process) since(t testing.TB, after cache.Position) cache.Events {
	t.Helper()
	ev, err := p.Since(t.Context(), after)
	must(t, err)
	return ev
}

// reasons returns what is in the log after a position.
func (p process) reasons(t testing.TB, after cache.Position) string {
	t.Helper()
	ev := p.since(t, after)
	if ev.From != after {
		t.Errorf("Since(%d): got From %d, want the same era and no gap", after, ev.From)
	}
	var all []string
	for _, e := range ev.List {
		all = append(all, e.Reason)
	}
	return strings.Join(all, ", ")
}

func wantReasons(t testing.TB, p process, after cache.Position, want ...string) {
	t.Helper()
	if got := p.reasons(t, after); got != strings.Join(want, ", ") {
		t.Errorf("the log after %d: got %q, want %q", after, got, strings.Join(want, ", "))
	}
}

// eventually waits for something for ten seconds.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within 10 s: " + fmt.Sprint(what))
		}
	}
}
