package pglog_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/uncache/uncache/internal/dbtest"
	"github.com/uncache/uncache/internal/pgtest"
)

// A cluster is a PostgreSQL server of the test's own, which may be killed.
type cluster struct{ *pgtest.Server }

func newCluster(t testing.TB) cluster {
	t.Helper()
	s, err := pgtest.Start(t.Context(), "")
	if errors.Is(err, pgtest.ErrNoServer) {
		dbtest.Missing(t, err)
	}
	must(t, err)
	t.Cleanup(func() { must(t, s.Stop()) })
	return cluster{s}
}

// crash kills the server and starts it again.
func (c cluster) crash(t testing.TB) {
	t.Helper()
	must(t, c.Kill(t.Context()), c.Start(t.Context()))
}

func (c cluster) replica(t testing.TB) cluster {
	t.Helper()
	r, err := c.Replica(t.Context(), "")
	must(t, err)
	t.Cleanup(func() { must(t, r.Stop()) })
	return cluster{r}
}

func (c cluster) pool(t testing.TB, database string) *pgxpool.Pool {
	t.Helper()
	return newPoolAt(t, c.URL(database))
}

// process returns the log of this server as a new process has it.
func (c cluster) process(t testing.TB) process {
	t.Helper()
	return join(t, c.pool(t, "postgres"), "uncache", nil)
}

func (p process) query(t testing.TB, sql string) (text string) {
	t.Helper()
	must(t, p.pool.QueryRow(context.Background(), p.in(sql)).Scan(&text))
	return text
}
