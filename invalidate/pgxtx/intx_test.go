package pgxtx_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"github.com/uncache/uncache/invalidate/pgxtx"
)

// notSent is an error of pgx that claims that nothing was sent. It is not always true:
// see TestPostgresLosesTheAnswer.
type notSent struct{}

func (notSent) Error() string     { return "conn closed" }
func (notSent) SafeToRetry() bool { return true }

func outcome(err error) string {
	var failed *invalidate.PurgeError
	switch {
	case err == nil:
		return "purged"
	case errors.Is(err, invalidate.ErrRolledBack):
		return "rolled back"
	case errors.Is(err, invalidate.ErrCommitUnknown):
		return "unknown"
	case errors.As(err, &failed):
		return "not purged"
	}
	return "not begun"
}

func TestInTx(t *testing.T) {
	failed := errors.New("failed")
	type fn = func(context.Context, pgx.Tx) error
	well := func(context.Context, pgx.Tx) error { return nil }
	commit := func(ctx context.Context, tx pgx.Tx) error { return tx.Commit(ctx) }
	tests := []struct {
		name    string
		fail    map[string]error
		fn      fn
		outcome string
		is      error
		steps   []string
	}{
		{"well", nil, well, "purged", nil, []string{"BEGIN", "COMMIT", "PURGE path:/a"}},
		{"begin", map[string]error{"BEGIN": failed}, well, "not begun", failed, []string{"BEGIN"}},
		{"fn", nil, func(context.Context, pgx.Tx) error { return failed }, "rolled back", failed, []string{"BEGIN", "ROLLBACK"}},
		{"rollback", map[string]error{"ROLLBACK": failed}, func(context.Context, pgx.Tx) error { return errors.New("x") }, "rolled back", failed, []string{"BEGIN", "ROLLBACK"}},
		{"commit", map[string]error{"COMMIT": failed}, well, "unknown", failed, []string{"BEGIN", "COMMIT", "PURGE path:/a"}},
		{"aborted", map[string]error{"COMMIT": pgx.ErrTxCommitRollback}, well, "rolled back", pgx.ErrTxCommitRollback, []string{"BEGIN", "COMMIT"}},
		{"not sent, they say", map[string]error{"COMMIT": notSent{}}, well, "unknown", notSent{}, []string{"BEGIN", "COMMIT", "PURGE path:/a"}},
		{"conflict", map[string]error{"COMMIT": &pgconn.PgError{Code: "40001"}}, well, "rolled back", nil, []string{"BEGIN", "COMMIT"}},
		{"ended by fn", nil, commit, "unknown", pgx.ErrTxClosed, []string{"BEGIN", "COMMIT", "PURGE path:/a"}},
		{"ended by fn, then an error", nil, func(ctx context.Context, tx pgx.Tx) error { return errors.Join(commit(ctx, tx), failed) },
			"unknown", failed, []string{"BEGIN", "COMMIT", "PURGE path:/a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := new(invtest.Trace)
			inv := newBlog(tr, nil)
			err := pgxtx.InTx(t.Context(), database{invtest.Script{Trace: tr, Fail: tt.fail}}, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
				if !cache.Bypassed(ctx) {
					t.Error("the cache is not bypassed in the transaction")
				}
				if err := inv.Invalidate(ctx, Post{"a"}); err != nil {
					t.Error(err)
				}
				return tt.fn(ctx, tx)
			})
			if got := outcome(err); got != tt.outcome {
				t.Errorf("the outcome of %v: got %q, want %q", err, got, tt.outcome)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("errors.Is(%v, %v): got false", err, tt.is)
			}
			tr.WantNext(t, tt.steps...)
		})
	}
}

// Unlike database/sql, pgx does not roll back by itself when the context is done. So fn
// has ended the transaction, which may be committed.
func TestInTxCancelled(t *testing.T) {
	for _, commits := range []bool{false, true} {
		tr := new(invtest.Trace)
		inv := newBlog(tr, nil)
		ctx, cancel := context.WithCancel(t.Context())
		err := pgxtx.InTx(ctx, database{invtest.NewScript(tr)}, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
			err := inv.Invalidate(ctx, Post{"a"})
			if commits {
				err = errors.Join(err, tx.Commit(ctx))
			}
			cancel()
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if commits {
			if outcome(err) != "unknown" {
				t.Errorf("got %v, want ErrCommitUnknown", err)
			}
			tr.WantNext(t, "BEGIN", "COMMIT", "PURGE path:/a")
			continue
		}
		if outcome(err) != "rolled back" {
			t.Errorf("got %v, want ErrRolledBack", err)
		}
		tr.WantNext(t, "BEGIN", "ROLLBACK")
	}
}

func TestInTxPanic(t *testing.T) {
	tr := new(invtest.Trace)
	inv := newBlog(tr, nil)
	func() {
		defer func() {
			if got := recover(); got != "oops" {
				t.Errorf("panic: got %v, want oops", got)
			}
		}()
		_ = pgxtx.InTx(t.Context(), database{invtest.NewScript(tr)}, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
			if err := inv.Invalidate(ctx, Post{"a"}); err != nil {
				t.Error(err)
			}
			panic("oops")
		})
	}()
	tr.WantNext(t, "BEGIN", "ROLLBACK")
}

// A transaction that other code began is committed by its batch.
func TestTransaction(t *testing.T) {
	tr := new(invtest.Trace)
	inv := newBlog(tr, nil)
	tx, err := database{invtest.NewScript(tr)}.BeginTx(t.Context(), pgx.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, batch := invalidate.WithBatch(t.Context())
	if err := inv.Invalidate(ctx, Post{"a"}); err != nil {
		t.Error(err)
	}
	if err := batch.Commit(t.Context(), pgxtx.Transaction(t.Context(), tx)); err != nil {
		t.Error(err)
	}
	tr.WantNext(t, "BEGIN", "COMMIT", "PURGE path:/a")
}

func TestExecer(t *testing.T) {
	tr := new(invtest.Trace)
	tx := &fakeTx{database: database{invtest.Script{Trace: tr, Fail: map[string]error{"FAIL": errors.New("failed")}}}}
	res, err := pgxtx.Execer(tx).ExecContext(t.Context(), "UPDATE $1", 42)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); n != 7 || err != nil {
		t.Errorf("RowsAffected: got %d, %v, want 7, nil", n, err)
	}
	if _, err := res.LastInsertId(); err == nil {
		t.Error("LastInsertId: got nil, want an error")
	}
	if _, err := pgxtx.Execer(tx).ExecContext(t.Context(), "FAIL"); err == nil {
		t.Error("got nil, want an error")
	}
	tr.WantNext(t, "UPDATE $1 42", "FAIL")
}
