package integration_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx", for dbtest

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/backend/pglog"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/check/integration/torture"
	"github.com/uncache/uncache/internal/dbtest"
)

// inPostgres returns nodes that keep pages in their memory, and share a log in
// PostgreSQL. harm runs a statement in which {schema} is the log's.
func inPostgres(t *testing.T) (list []cache.Backend, harm func(sql string, every time.Duration) torture.Fault) {
	schema := "test_" + strings.ToLower(rand.Text())
	var admin *pgxpool.Pool
	for range nodes {
		pool, err := pgxpool.New(t.Context(), dbtest.PostgresURL())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		if err := pool.Ping(t.Context()); err != nil {
			dbtest.Missing(t, err)
		}
		log, err := pglog.New(pool, &pglog.Options{Schema: schema})
		if err != nil {
			t.Fatal(err)
		}
		if err := log.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = log.Close() })
		near := memory.New(nil)
		t.Cleanup(func() { _ = near.Close() })
		list, admin = append(list, cache.Join(near, log)), pool
	}
	t.Cleanup(func() {
		if _, err := admin.Exec(context.Background(), "DROP SCHEMA "+schema+" CASCADE"); err != nil {
			t.Error(err)
		}
	})
	return list, func(sql string, every time.Duration) torture.Fault {
		return torture.Fault{Every: every, Strike: func(ctx context.Context) error {
			_, err := admin.Exec(ctx, strings.ReplaceAll(sql, "{schema}", schema))
			return err
		}}
	}
}
