package pgxtx_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"github.com/uncache/uncache/invalidate/outbox"
	"github.com/uncache/uncache/invalidate/pgxtx"
)

// The connection is lost before COMMIT is sent: nothing is saved.
func TestPostgresTerminatedBeforeCommit(t *testing.T) {
	s := newServer(t)
	tr := new(invtest.Trace)
	inv, _ := s.withOutbox(t, tr)
	err := pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		if err := insert(ctx, tx, inv, "a"); err != nil {
			return err
		}
		s.exec(t, "SELECT pg_terminate_backend($1, 5000)", int(tx.Conn().PgConn().PID()))
		return nil
	})
	if outcome(err) != "rolled back" { // the outbox could not be written
		t.Errorf("got %v, want ErrRolledBack", err)
	}
	tr.WantNext(t)
	s.wantRows(t, "posts", 0)

	// Without an outbox nothing notices before COMMIT. Then it is purged in vain.
	inv = newBlog(tr, nil)
	err = pgxtx.InTx(t.Context(), s, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		if err := insert(ctx, tx, inv, "a"); err != nil {
			return err
		}
		s.exec(t, "SELECT pg_terminate_backend($1, 5000)", int(tx.Conn().PgConn().PID()))
		return nil
	})
	if outcome(err) != "unknown" {
		t.Errorf("got %v, want ErrCommitUnknown", err)
	}
	tr.WantNext(t, "PURGE path:/a")
	s.wantRows(t, "posts", 0)
}

// The answer to COMMIT is lost. The row is saved, and the saver cannot know. It purges,
// and leaves the event to the relay, which purges again.
func TestPostgresLosesTheAnswer(t *testing.T) {
	s := newServer(t)
	tr := new(invtest.Trace)
	inv, o := s.withOutbox(t, tr)
	pool, proxy := s.through(t)
	cut := proxy.CutAfter("commit")
	err := pgxtx.InTx(t.Context(), pool, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		return insert(ctx, tx, inv, "a")
	})
	if outcome(err) != "unknown" {
		t.Errorf("got %v, want ErrCommitUnknown", err)
	}
	select {
	case <-cut:
	default:
		t.Error("no answer was lost")
	}
	tr.WantNext(t, "PURGE path:/a")
	s.wantRows(t, "posts", 1)
	s.wantRows(t, outbox.DefaultTable, 1)
	if err := o.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		if len(tr.Steps()) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the relay has not purged within a minute")
		}
		time.Sleep(10 * time.Millisecond)
	}
	tr.WantNext(t, "PURGE path:/a")
}
