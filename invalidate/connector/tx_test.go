package connector_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

// state is the error of a server that says in SQLSTATE what went wrong.
type state string

func (s state) Error() string { return "SQLSTATE " + string(s) }

func (s state) SQLState() string { return string(s) }

func TestCommit(t *testing.T) {
	failed := errors.New("failed")
	tests := []struct {
		name   string
		outbox bool
		fail   map[string]error
		purge  error
		want   error
		steps  []string
	}{
		{"well", false, nil, nil, nil, []string{"COMMIT", "PURGE a"}},
		{"outbox", true, nil, nil, nil, []string{"INSERT a", "COMMIT", "PURGE a", "PURGED #a"}},
		{"outbox fails", true, map[string]error{"INSERT a": failed}, nil, invalidate.ErrRolledBack, []string{"INSERT a", "ROLLBACK"}},
		{"outbox and rollback fail", true, map[string]error{"INSERT a": driver.ErrBadConn, "ROLLBACK": failed}, nil, failed, []string{"INSERT a", "ROLLBACK"}},
		{"commit fails", false, map[string]error{"COMMIT": failed}, nil, failed, []string{"COMMIT", "PURGE a"}},
		{"commit fails, outbox", true, map[string]error{"COMMIT": failed}, nil, failed, []string{"INSERT a", "COMMIT", "PURGE a"}},
		{"conflict", false, map[string]error{"COMMIT": state("40001")}, nil, state("40001"), []string{"COMMIT"}},
		// The save has not failed because the purge has.
		{"purge fails", false, nil, failed, nil, []string{"COMMIT", "PURGE a"}},
		{"purge fails, outbox", true, nil, failed, nil, []string{"INSERT a", "COMMIT", "PURGE a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, tt.outbox)
			for step, err := range tt.fail {
				r.fake.Fail[step] = err
			}
			r.purger.err = tt.purge
			tx := r.begin(t)
			r.invalidate(t, "a")
			r.WantNext(t, "BEGIN")
			if err := tx.Commit(); !errors.Is(err, tt.want) {
				t.Errorf("Commit: got %v, want %v", err, tt.want)
			}
			r.WantNext(t, tt.steps...)
			if cache.Bypassed(r.ctx) {
				t.Error("the cache is bypassed after the transaction")
			}
			// The batch returns the error of a purge that failed and is not in an
			// outbox. A purge that is in the outbox is no error.
			owed := tt.purge != nil && !tt.outbox
			if err := r.batch.Flush(r.ctx); (err != nil) != owed {
				t.Errorf("Flush: got %v, want an error: %v", err, owed)
			}
			r.purger.err = nil
			if err := r.batch.Flush(r.ctx); err != nil {
				t.Errorf("Flush: got %v, want nil", err)
			}
			if owed {
				r.WantNext(t, "PURGE a", "PURGE a")
			} else {
				r.WantNext(t)
			}
		})
	}
}

func TestRollback(t *testing.T) {
	for _, failed := range []error{nil, errors.New("link down")} {
		r := newRig(t, true)
		r.fake.Fail["ROLLBACK"] = failed
		tx := r.begin(t)
		r.invalidate(t, "a")
		if err := tx.Rollback(); !errors.Is(err, failed) {
			t.Errorf("Rollback: got %v, want %v", err, failed)
		}
		r.invalidate(t, "b") // in no transaction: at once
		r.WantNext(t, "BEGIN", "ROLLBACK", "PURGE b")
	}
}

// A request has transactions one after another, and saves between them.
func TestTransactionsInSequence(t *testing.T) {
	r := newRig(t, false)
	r.invalidate(t, "before")
	r.WantNext(t, "PURGE before")
	for _, slug := range []string{"a", "b"} {
		tx := r.begin(t)
		r.invalidate(t, slug)
		if err := tx.Commit(); err != nil {
			t.Error(err)
		}
		// database/sql resets a connection before it uses it again.
		if slug == "a" {
			r.WantNext(t, "BEGIN", "COMMIT", "PURGE a")
		} else {
			r.WantNext(t, "RESET", "BEGIN", "COMMIT", "PURGE b")
		}
	}
	r.invalidate(t, "after")
	r.WantNext(t, "PURGE after")
}

// InTx handles its own transaction, also over a wrapped driver.
func TestInTx(t *testing.T) {
	failed := errors.New("failed")
	for _, want := range []error{nil, failed} {
		r := newRig(t, true)
		err := r.inv.InTx(r.ctx, r.db, nil, func(ctx context.Context, tx *sql.Tx) error {
			return errors.Join(r.inv.Invalidate(ctx, post("a")), want)
		})
		if !errors.Is(err, want) {
			t.Errorf("InTx: got %v, want %v", err, want)
		}
		if want == nil {
			r.WantNext(t, "BEGIN", "INSERT a", "COMMIT", "PURGE a", "PURGED #a")
		} else {
			r.WantNext(t, "BEGIN", "ROLLBACK")
		}
	}
}

// An error of the outbox tells InTx, too, that the transaction was rolled back.
func TestInTxOutboxFails(t *testing.T) {
	r := newRig(t, true)
	r.fake.Fail["INSERT a"] = errors.New("no such table")
	err := r.inv.InTx(r.ctx, r.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		r.invalidate(t, "a") // with the request's context, not the one of fn
		return nil
	})
	if !errors.Is(err, invalidate.ErrRolledBack) || errors.Is(err, invalidate.ErrCommitUnknown) {
		t.Errorf("InTx: got %v, want ErrRolledBack", err)
	}
	r.WantNext(t, "BEGIN", "INSERT a", "ROLLBACK")
}

// A connection whose ROLLBACK failed may still hold the transaction, and is not used
// again.
func TestRollbackFails(t *testing.T) {
	r := newRig(t, true)
	r.db.SetMaxOpenConns(1)
	r.fake.Fail["INSERT a"], r.fake.Fail["ROLLBACK"] = errors.New("full"), errors.New("busy")
	tx := r.begin(t)
	r.invalidate(t, "a")
	if err := tx.Commit(); !errors.Is(err, invalidate.ErrRolledBack) {
		t.Errorf("Commit: got %v, want ErrRolledBack", err)
	}
	if n := r.db.Stats().OpenConnections; n != 0 {
		t.Errorf("%d connections are open, want 0", n)
	}
}

func TestCancelled(t *testing.T) {
	r := newRig(t, true)
	ctx, cancel := context.WithCancel(r.ctx)
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.invalidate(t, "a")
	cancel()
	for !slices.Contains(r.fake.Steps(), "ROLLBACK") { // by database/sql
		time.Sleep(time.Millisecond)
	}
	if err := tx.Commit(); err == nil {
		t.Error("Commit: got nil, want an error")
	}
	// Close waits for the goroutine that has rolled back.
	if err := r.db.Close(); err != nil {
		t.Error(err)
	}
	r.WantNext(t, "BEGIN", "ROLLBACK", "CLOSE CONNECTOR")
	if cache.Bypassed(r.ctx) {
		t.Error("the cache is bypassed after the transaction")
	}
}

// The driver may panic after COMMIT was answered with success.
func TestPanicInCommit(t *testing.T) {
	r := newRig(t, true)
	r.fake.At["COMMIT"] = func() { panic("oops") }
	tx := r.begin(t)
	r.invalidate(t, "a")
	func() {
		defer func() {
			if got := recover(); got != "oops" {
				t.Errorf("panic: got %v, want oops", got)
			}
		}()
		_ = tx.Commit()
	}()
	r.WantNext(t, "BEGIN", "INSERT a", "PURGE a")
}
