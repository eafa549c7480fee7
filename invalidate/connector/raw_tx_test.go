package connector_test

import (
	"database/sql/driver"
	"errors"
	"slices"
	"testing"
)

// Savepoints within a transaction of database/sql.
func TestSavepointsInTx(t *testing.T) {
	r := newRig(t, false)
	tx := r.begin(t)
	var want []string
	for _, step := range []string{"a", "SAVEPOINT s", "b", "ROLLBACK TO s", "c"} {
		if len(step) == 1 {
			r.invalidate(t, step)
			continue
		}
		want = append(want, step)
		if _, err := tx.ExecContext(r.ctx, step); err != nil {
			t.Error(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	r.WantNext(t, slices.Concat([]string{"BEGIN"}, want, []string{"COMMIT", "PURGE a c"})...)
}

// A statement that ends the transaction has ended it. The sql.Tx that is left does
// nothing.
func TestRawCommitInTx(t *testing.T) {
	r := newRig(t, false)
	tx := r.begin(t)
	r.invalidate(t, "a")
	if _, err := tx.ExecContext(r.ctx, "COMMIT"); err != nil {
		t.Error(err)
	}
	r.WantNext(t, "BEGIN", "COMMIT", "PURGE a")
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	r.WantNext(t, "ROLLBACK")
}

// A connection that is lost in COMMIT is closed, and does not go back to the pool.
func TestRawCommitOnLostConnection(t *testing.T) {
	r := newRig(t, false)
	r.fake.Fail["COMMIT"] = driver.ErrBadConn
	c := r.conn(t)
	if _, err := c.ExecContext(r.ctx, "BEGIN"); err != nil {
		t.Error(err)
	}
	r.invalidate(t, "a")
	if _, err := c.ExecContext(r.ctx, "COMMIT"); !errors.Is(err, driver.ErrBadConn) {
		t.Errorf("COMMIT: got %v, want ErrBadConn", err)
	}
	_ = c.Close()
	r.WantNext(t, "BEGIN", "COMMIT", "PURGE a")
}
