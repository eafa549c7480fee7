package pglog_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/uncache/uncache/backend/pglog"
	"github.com/uncache/uncache/cache"
)

// wantEra wants a reader to give up all that it knows.
func wantEra(t testing.TB, p process, after, beyond cache.Position) {
	t.Helper()
	if ev := p.since(t, after); ev.From <= beyond || ev.Head < ev.From {
		t.Errorf("Since(%d) = %+v; want an era beyond %d", after, ev, beyond)
	}
}

// A crash loses what an asynchronous COMMIT has not written, and no event that was read.
func TestCrashKeepsTheEra(t *testing.T) {
	c := newCluster(t)
	p := c.process(t)
	must(t, p.Migrate(t.Context()), p.exec(t.Context(), "CREATE TABLE other (n int)"))
	start := p.purge(t, "first")
	for range 3 {
		tx := p.begin(t, pgx.TxOptions{})
		_, err := tx.Exec(t.Context(), "SET LOCAL synchronous_commit = off")
		must(t, err)
		p.purgeIn(t, tx, "saved")
		must(t, tx.Commit(t.Context()))
	}
	last := p.since(t, start).Head
	must(t, p.exec(t.Context(), "SET synchronous_commit = off; INSERT INTO other VALUES (1)"))
	c.crash(t)

	again := c.process(t)
	if n := again.query(t, "SELECT count(*)::text FROM other"); n != "0" {
		t.Fatalf("an asynchronous COMMIT was not lost: the crash shows nothing")
	}
	wantReasons(t, again, start, "saved", "saved", "saved")
	if ev := again.since(t, last); ev.Head != last || ev.From != last {
		t.Errorf("Since(%d) after a crash = %+v; want nothing new", last, ev)
	}
	pos := again.purge(t, "after")
	if pos <= last {
		t.Errorf("got position %d after the crash, want one beyond %d", pos, last)
	}
	ev := again.since(t, last)
	if ev.From != last || ev.Head != pos || ev.List[len(ev.List)-1].Reason != "after" {
		t.Errorf("Since(%d) = %+v; want the era to go on", last, ev)
	}
}

func TestPreparedTransactionIsRefused(t *testing.T) {
	c := newCluster(t)
	p := c.process(t)
	must(t, p.Migrate(t.Context()))
	start := p.since(t, 0).Head
	tx := p.begin(t, pgx.TxOptions{})
	p.purgeIn(t, tx, "prepared")
	if _, err := tx.Exec(t.Context(), "PREPARE TRANSACTION 'a'"); err == nil || !strings.Contains(err.Error(), "NOTIFY") {
		t.Errorf("PREPARE TRANSACTION after an append: got %v, want a refusal for NOTIFY", err)
	}
	p.purge(t, "saved")
	for _, e := range p.since(t, start).List {
		if e.Reason == "prepared" {
			t.Error("the event is in the log")
		}
	}
}

func TestReplicaIsRefused(t *testing.T) {
	c := newCluster(t)
	p := c.process(t)
	must(t, p.Migrate(t.Context()))
	p.purge(t, "first")
	r := c.replica(t).process(t)
	if ev, err := r.Since(t.Context(), 0); !errors.Is(err, pglog.ErrReplica) {
		t.Errorf("Since on a replica: got %+v, %v; want ErrReplica", ev, err)
	}
	if pos, err := r.Append(t.Context(), event("a")); !errors.Is(err, pglog.ErrReplica) {
		t.Errorf("Append on a replica: got %d, %v; want ErrReplica", pos, err)
	}
}

// A replica is promoted that has not got the last events. On its timeline their positions
// are given again.
func TestPromotedReplicaBeginsAnEra(t *testing.T) {
	c := newCluster(t)
	p := c.process(t)
	must(t, p.Migrate(t.Context()))
	r := c.replica(t)
	common := p.purge(t, "both have it")
	heir := r.process(t)
	eventually(t, "the replica has the event", func() bool {
		return heir.query(t, "SELECT coalesce(max(pos), 0)::text FROM {schema}.events") == strconv.FormatUint(uint64(common), 10)
	})
	must(t, heir.exec(t.Context(), "ALTER SYSTEM SET primary_conninfo = ''"), heir.exec(t.Context(), "SELECT pg_reload_conf()"))
	eventually(t, "the replica is alone", func() bool {
		return p.query(t, "SELECT count(*)::text FROM pg_stat_replication") == "0"
	})
	var last cache.Position
	for range 3 {
		last = p.purge(t, "the replica lags")
	}
	must(t, c.Kill(t.Context()), r.Promote(t.Context()))

	// Savers are there before any reader, and the positions come together.
	heir = r.process(t)
	for pos := cache.Position(0); pos <= last; pos = heir.purge(t, "given again") {
	}
	wantEra(t, heir, last, last)
	again := r.process(t)
	wantEra(t, again, common, last)
	pos := again.purge(t, "in the new era")
	wantReasons(t, again, pos-1, "in the new era")
}

// A dump goes back into the same database, and a copy is made of a database.
func TestAnotherHistoryBeginsAnEra(t *testing.T) {
	c := newCluster(t)
	p := c.process(t)
	must(t, p.Migrate(t.Context()))
	t.Run("a dump", func(t *testing.T) {
		p.purge(t, "in the dump")
		dump := "dump.sql" // in the server's directory
		_, err := c.Run(t.Context(), "pg_dump", "-n", "uncache", "-f", dump, "postgres")
		must(t, err)
		last := p.purge(t, "not in the dump")
		must(t, p.exec(t.Context(), "DROP SCHEMA uncache CASCADE"))
		_, err = c.Run(t.Context(), "psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", dump, "postgres")
		must(t, err)
		again := c.process(t)
		if pos := again.purge(t, "given again"); pos != last {
			t.Fatalf("got position %d, want %d again", pos, last)
		}
		wantEra(t, again, last, last)
	})
	t.Run("a copy", func(t *testing.T) {
		admin := c.pool(t, "template1")
		last := c.process(t).purge(t, "in the copy")
		p.pool.Close()
		_, err := admin.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres'")
		must(t, err)
		_, err = admin.Exec(t.Context(), "CREATE DATABASE twin TEMPLATE postgres")
		must(t, err)
		twin := join(t, c.pool(t, "twin"), "uncache", nil)
		wantEra(t, twin, last, last)
	})
}
