package pglog_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// A foreign key that is checked at COMMIT takes a lock then. Savers that took it while
// they hold the log would wait in a circle: A for the row of B, B for the log.
func TestNoDeadlockWithDeferredForeignKeys(t *testing.T) {
	p := newProcess(t)
	ctx := t.Context()
	must(t, p.exec(ctx, `CREATE TABLE {schema}.authors (id int PRIMARY KEY)`),
		p.exec(ctx, `CREATE TABLE {schema}.books (author int REFERENCES {schema}.authors DEFERRABLE INITIALLY DEFERRED)`),
		p.exec(ctx, `INSERT INTO {schema}.authors VALUES (1)`))
	start := p.since(t, 0).Head
	a, b := p.begin(t, pgx.TxOptions{}), p.begin(t, pgx.TxOptions{})
	do := func(tx pgx.Tx, sql string) {
		t.Helper()
		_, err := tx.Exec(ctx, p.in(sql))
		must(t, err)
	}
	do(b, "SELECT FROM {schema}.authors FOR UPDATE")
	p.purgeIn(t, a, "a") // the worst order: the append is queued before the foreign key
	do(a, "INSERT INTO {schema}.books VALUES (1)")
	p.purgeIn(t, b, "b")
	done := make(chan error, 1)
	go func() { done <- a.Commit(context.WithoutCancel(ctx)) }()
	eventually(t, "A waits for the row of B", func() bool {
		var n int
		must(t, p.pool.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = $1", a.Conn().PgConn().PID()).Scan(&n))
		return n == 1
	})
	must(t, b.Commit(ctx), <-done)
	wantReasons(t, p, start, "b", "a")
}

// A saver that stops before COMMIT holds nothing but its own rows.
func TestSaverThatStopsBlocksNobody(t *testing.T) {
	p := newProcess(t)
	stopped := p.begin(t, pgx.TxOptions{})
	p.purgeIn(t, stopped, "stopped")
	start := p.since(t, 0).Head
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for i := range 3 {
		tx := p.begin(t, pgx.TxOptions{})
		p.purgeIn(t, tx, fmt.Sprint(i))
		must(t, tx.Commit(ctx))
	}
	must(t, stopped.Commit(ctx))
	wantReasons(t, p, start, "0", "1", "2", "stopped")
}

// One that holds the log, since it has had all constraints checked early, is ended by
// the server when it stops.
func TestSaverThatHoldsTheLogIsEnded(t *testing.T) {
	p := newProcess(t)
	start := p.since(t, 0).Head
	for given, want := range map[string]string{"0": "5s", "1h": "5s", "300ms": "300ms"} {
		tx := p.begin(t, pgx.TxOptions{})
		var got string
		_, err := tx.Exec(t.Context(), "SET LOCAL idle_in_transaction_session_timeout = '"+given+"'")
		must(t, err)
		p.purgeIn(t, tx, "stopped")
		_, err = tx.Exec(t.Context(), "SET CONSTRAINTS ALL IMMEDIATE")
		must(t, err, tx.QueryRow(t.Context(), "SHOW idle_in_transaction_session_timeout").Scan(&got))
		if got != want {
			t.Errorf("idle_in_transaction_session_timeout %s: got %s, want %s", given, got, want)
		}
		if given != "300ms" {
			must(t, tx.Rollback(t.Context()))
			continue
		}
		began := time.Now() // it stops here
		p.purge(t, "saved")
		if d := time.Since(began); d > 4*time.Second {
			t.Errorf("another saver waited for %v", d)
		}
	}
	ev := p.since(t, start)
	if last := ev.List[len(ev.List)-1]; last.Reason != "saved" {
		t.Errorf("the last event is %+v", last)
	}
}

// A transaction that need not reach the disk may be lost in a crash. A position that was
// read would be given again, to another event.
func TestAsynchronousCommitIsNot(t *testing.T) {
	p := newProcess(t)
	for given, want := range map[string]string{"off": "local", "on": "on", "local": "local"} {
		tx := p.begin(t, pgx.TxOptions{})
		var got string
		_, err := tx.Exec(t.Context(), "SET LOCAL synchronous_commit = "+given)
		must(t, err)
		p.purgeIn(t, tx, "saved")
		_, err = tx.Exec(t.Context(), "SET CONSTRAINTS ALL IMMEDIATE")
		must(t, err, tx.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&got), tx.Commit(t.Context()))
		if got != want {
			t.Errorf("synchronous_commit %s: got %s in the transaction, want %s", given, got, want)
		}
	}
}

// Many savers at once: each event once, none in a deadlock, in any isolation level and
// over rows that they lock in any order.
func TestManySavers(t *testing.T) {
	p := newProcess(t)
	start := p.since(t, 0).Head
	const savers, each = 8, 25
	var wg sync.WaitGroup
	for i := range savers {
		level := []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable}[i%3]
		wg.Go(func() {
			for j := range each {
				err := pgx.BeginTxFunc(t.Context(), p.pool, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
					if _, err := tx.Exec(t.Context(), "SELECT 1"); err != nil { // the snapshot
						return err
					}
					ok, err := p.AppendTx(t.Context(), execOf(tx), event(fmt.Sprint(i, " ", j)))
					if err == nil && !ok {
						err = errors.New("AppendTx did not find the log")
					}
					return err
				})
				if err != nil {
					t.Errorf("%s: %v", level, err)
				}
			}
		})
	}
	wg.Wait()
	got := map[string]int{}
	for after := start; ; {
		ev := p.since(t, after)
		for _, e := range ev.List {
			got[e.Reason]++
		}
		if after = ev.End(); !ev.More {
			break
		}
	}
	if len(got) != savers*each {
		t.Errorf("%d events, want %d", len(got), savers*each)
	}
	for reason, n := range got {
		if n != 1 {
			t.Errorf("event %s is there %d times", reason, n)
		}
	}
	// What was pending is gone.
	var n int
	must(t, p.pool.QueryRow(t.Context(), p.in("SELECT count(*) FROM {schema}.pending")).Scan(&n))
	if n != 0 {
		t.Errorf("%d rows are pending", n)
	}
}
