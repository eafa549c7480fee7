package connector_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

// state is the error of a server that says in SQLSTATE what went wrong.
type state string

func (s state) Error() string    { return "SQLSTATE " + string(s) }
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

// While two are open nobody knows which has saved what.
func TestTransactionsAtOnce(t *testing.T) {
	r := newRig(t, false)
	one, other := r.begin(t), r.begin(t)
	r.invalidate(t, "a")
	if err := one.Rollback(); err != nil {
		t.Error(err)
	}
	if err := other.Commit(); err != nil {
		t.Error(err)
	}
	r.WantNext(t, "BEGIN", "BEGIN", "ROLLBACK", "COMMIT", "PURGE a")
}

func TestReadOnly(t *testing.T) {
	r := newRig(t, false)
	tx, err := r.db.BeginTx(r.ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	r.WantNext(t, "BEGIN READ ONLY", "COMMIT")
}

// Without a batch in BEGIN's context the transaction is not followed.
func TestWithoutBatch(t *testing.T) {
	r := newRig(t, true)
	tx, err := r.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	r.invalidate(t, "a")
	r.WantNext(t, "BEGIN", "PURGE a") // too early, as the package doc says
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	r.WantNext(t, "COMMIT")
}

// In a batch of the application a COMMIT purges what was invalidated since BEGIN. The
// batch has it too, since it may be of another database.
func TestTransactionInBatch(t *testing.T) {
	r := newRig(t, false)
	r.ctx, r.batch = invalidate.WithBatch(r.ctx)
	r.invalidate(t, "before")
	tx := r.begin(t)
	r.invalidate(t, "a")
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	r.WantNext(t, "BEGIN", "COMMIT", "PURGE a")
	if err := r.batch.Flush(r.ctx); err != nil {
		t.Error(err)
	}
	r.WantNext(t, "PURGE a before")
}

// A statement commits by itself, beside a transaction that is open in the same context.
// What it has saved is purged, though the transaction is rolled back.
func TestSaveBesideTransaction(t *testing.T) {
	tests := []struct {
		query string
		saves bool
	}{
		{"UPDATE a", true}, {"WITH x AS (DELETE FROM a) SELECT 1", true}, {"COMMIT", true}, {"CALL save()", true},
		{"SELECT a", false}, {"VALUES (1)", false},
	}
	for _, tt := range tests {
		r := newRig(t, true)
		tx := r.begin(t)
		if _, err := r.db.ExecContext(r.ctx, tt.query); err != nil {
			t.Fatal(err)
		}
		r.invalidate(t, "a")
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		if tt.saves {
			r.WantNext(t, "BEGIN", tt.query, "PURGE a", "ROLLBACK")
		} else {
			r.WantNext(t, "BEGIN", tt.query, "ROLLBACK")
		}
		tx = r.begin(t) // alone
		r.invalidate(t, "b")
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		r.WantNext(t, "RESET", "BEGIN", "ROLLBACK")
	}
	// Statements of the transaction itself are not beside it.
	r := newRig(t, true)
	tx := r.begin(t)
	if _, err := tx.ExecContext(r.ctx, "UPDATE a"); err != nil {
		t.Fatal(err)
	}
	r.invalidate(t, "a")
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	r.WantNext(t, "BEGIN", "UPDATE a", "ROLLBACK")
}

// A read-only transaction commits, whatever is invalidated while it is open: nothing
// can be written to the outbox in it, and it has nothing to purge.
func TestReadOnlyBesideSave(t *testing.T) {
	refused := state("25006") // read_only_sql_transaction
	r := newRig(t, true)
	r.fake.Fail["INSERT a"] = refused
	reader, err := r.db.BeginTx(r.ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if !cache.Bypassed(r.ctx) {
		t.Error("the cache is not bypassed: what the transaction reads may be old")
	}
	r.invalidate(t, "a") // saved by itself
	r.WantNext(t, "BEGIN READ ONLY", "PURGE a")
	if err := reader.Commit(); err != nil {
		t.Errorf("Commit: %v", err)
	}
	c := r.conn(t)
	for _, query := range []string{"START TRANSACTION READ ONLY", "COMMIT AND CHAIN", "COMMIT"} {
		if _, err := c.ExecContext(r.ctx, query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
		r.invalidate(t, "a")
	}
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
	rolledBack := make(chan struct{})
	r.fake.At["ROLLBACK"] = func() { close(rolledBack) }
	ctx, cancel := context.WithCancel(r.ctx)
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.invalidate(t, "a")
	cancel()
	<-rolledBack // by database/sql
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
