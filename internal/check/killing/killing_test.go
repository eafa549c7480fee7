package killing

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/uncache/uncache/internal/dbtest"
	"github.com/uncache/uncache/internal/pgtest"
	"github.com/uncache/uncache/internal/redistest"
)

func TestMain(m *testing.M) {
	Child()
	os.Exit(m.Run())
}

// duration is how long each nemesis strikes: two seconds, unless
// UNCACHE_TORTURE says otherwise ("10m").
func duration(t *testing.T) time.Duration {
	s := os.Getenv("UNCACHE_TORTURE")
	if s == "" {
		return 2 * time.Second
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		t.Fatalf("UNCACHE_TORTURE=%q: want a positive duration", s)
	}
	return d
}

// needServers skips where there is no PostgreSQL or no redis-server, except in
// CI, where all there is to test is tested.
func needServers(t *testing.T) {
	t.Helper()
	needPostgres(t)
	missing := t.Skip
	if os.Getenv("CI") == "true" {
		missing = t.Fatal
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s, err := redistest.Start(ctx, redistest.Config{})
	if errors.Is(err, redistest.ErrNoServer) {
		missing(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
}

func needPostgres(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	db, err := openDatabase(ctx, "", 1)
	if err != nil {
		dbtest.Missing(t, err)
	}
	if err := db.drop(ctx); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, c Config) Result {
	t.Helper()
	r, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v\n%s", c.Duration, &r)
	if err := r.Meaningful(); err != nil {
		t.Error(err)
	}
	return r
}

// No purge is lost, whatever is killed: no page is ever older than an
// acknowledged save, and in the end every page is what the database says. Run it
// with -v for the figures, and with UNCACHE_TORTURE=5m for longer.
func TestTortureByKilling(t *testing.T) {
	needServers(t)
	d := duration(t)
	for _, n := range Nemeses() {
		t.Run(n.Name, func(t *testing.T) {
			r := run(t, Config{Nemesis: n, Duration: d, Outbox: true})
			if err := r.Check(); err != nil {
				t.Error(err)
			}
			if r.Repaired != r.Lost {
				t.Errorf("%d purges were lost, and %d repaired", r.Lost, r.Repaired)
			}
		})
	}
}

// Without the outbox a saver that is killed between COMMIT and its purge leaves
// a page that is wrong for ever. If the harness does not see that, it sees
// nothing. A page that nobody stored before its purge was lost is not wrong: on a
// slow machine that may be all of them, so there is more than one try.
func TestKillingSeesTheLoss(t *testing.T) {
	needServers(t)
	const tries = 10
	for range tries {
		r := run(t, Config{Nemesis: Nemeses()[0], Duration: 500 * time.Millisecond})
		if r.Stale > 0 || r.Broken > 0 {
			t.Errorf("got %d stale and %d broken pages: what was acknowledged was to be kept", r.Stale, r.Broken)
		}
		if r.Wrong > 0 {
			return
		}
	}
	t.Errorf("no page was wrong in the end of %d tries: the harness does not see a lost purge", tries)
}

// With the log in PostgreSQL no purge is lost either, without Redis and without an
// outbox: COMMIT is the purge.
func TestTortureByKillingPostgres(t *testing.T) {
	needPostgres(t)
	d := duration(t)
	for _, n := range PostgresNemeses() {
		t.Run(n.Name, func(t *testing.T) {
			r, err := Run(t.Context(), Config{Nemesis: n, Duration: d, Log: true})
			if errors.Is(err, pgtest.ErrNoServer) {
				dbtest.Missing(t, err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%v\n%s", d, &r)
			for _, err := range []error{r.Meaningful(), r.Check()} {
				if err != nil {
					t.Error(err)
				}
			}
			if r.Repaired != r.Lost {
				t.Errorf("%d saves were committed without an answer, and %d of them shown", r.Lost, r.Repaired)
			}
		})
	}
}

// The same savers lose purges if they append after COMMIT.
func TestKillingSeesTheLossInPostgres(t *testing.T) {
	needPostgres(t)
	const tries = 10
	for range tries {
		r, err := Run(t.Context(), Config{Nemesis: PostgresNemeses()[0], Duration: 500 * time.Millisecond, Log: true, After: true})
		if err != nil {
			t.Fatal(err)
		}
		if r.Wrong > 0 {
			return
		}
	}
	t.Errorf("no page was wrong in the end of %d tries: the harness does not see a lost purge", tries)
}
