package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"testing"
)

func TestInTxPanic(t *testing.T) {
	x := newTxTest(t)
	wantPanic(t, "oops", func() {
		_ = x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
			if err := x.save(ctx, tx); err != nil {
				t.Error(err)
			}
			panic("oops")
		})
	})
	x.Want(t, "BEGIN", "UPDATE", "ROLLBACK")
}

// wantPanic fails unless f panics with this very value.
func wantPanic(t *testing.T, want any, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := recover(); got != want {
			t.Errorf("panic: got %v, want %v", got, want)
		}
	}()
	f()
}

// A test helper that calls t.FailNow in fn ends the goroutine.
func TestInTxGoexit(t *testing.T) {
	x := newTxTest(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
			if err := x.save(ctx, tx); err != nil {
				t.Error(err)
			}
			runtime.Goexit()
			return nil
		})
	}()
	<-done
	x.Want(t, "BEGIN", "UPDATE", "ROLLBACK")
}

// fn must not end the transaction. If it does, the row may be committed, whatever fn
// returns: a COMMIT cannot be told from a ROLLBACK.
func TestInTxEndedByFn(t *testing.T) {
	oops := errors.New("the mail could not be sent")
	tests := []struct {
		name  string
		end   func(*sql.Tx) error
		err   error
		is    error
		steps []string
	}{
		{"commit", (*sql.Tx).Commit, nil, sql.ErrTxDone, []string{"BEGIN", "UPDATE", "COMMIT", purgeA}},
		{"commit, then an error", (*sql.Tx).Commit, oops, oops, []string{"BEGIN", "UPDATE", "COMMIT", purgeA}},
		{"rollback, then an error", (*sql.Tx).Rollback, oops, oops, []string{"BEGIN", "UPDATE", "ROLLBACK", purgeA}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newTxTest(t)
			err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
				if err := errors.Join(x.save(ctx, tx), tt.end(tx)); err != nil {
					t.Error(err)
				}
				return tt.err
			})
			if !errors.Is(err, tt.is) {
				t.Errorf("got %v, want %v", err, tt.is)
			}
			wantError(t, err, "fn ended the transaction itself; leave that to InTx")
			wantOutcome(t, err, "unknown")
			x.Want(t, tt.steps...)
		})
	}
}

func TestInTxPanicAfterCommitByFn(t *testing.T) {
	x := newTxTest(t)
	wantPanic(t, "oops", func() {
		_ = x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
			if err := errors.Join(x.save(ctx, tx), tx.Commit()); err != nil {
				t.Error(err)
			}
			panic("oops")
		})
	})
	x.Want(t, "BEGIN", "UPDATE", "COMMIT", purgeA)
}

// The driver may panic after COMMIT was answered with success.
func TestInTxPanicInCommit(t *testing.T) {
	x := newTxTest(t)
	x.fake.At["COMMIT"] = func() {
		x.Add("COMMITTED")
		panic("oops")
	}
	wantPanic(t, "oops", func() { _ = x.inv.InTx(t.Context(), x.db, nil, x.save) })
	x.Want(t, "BEGIN", "UPDATE", "COMMITTED", purgeA)
}
