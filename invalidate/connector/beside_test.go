package connector_test

import (
	"database/sql"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

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
