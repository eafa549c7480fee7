package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
)

func TestInTxCancelledBeforeCommit(t *testing.T) {
	x := newTxTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	rolledBack := make(chan struct{})
	x.fake.At["ROLLBACK"] = func() { close(rolledBack) }
	err := x.inv.InTx(ctx, x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		err := x.save(ctx, tx)
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	wantOutcome(t, err, "rolled back")
	<-rolledBack // by database/sql, which may be slower than InTx
	if err := x.db.Close(); err != nil {
		t.Error(err)
	}
	if len(x.purger.events) > 0 {
		t.Errorf("purged after a rollback: %+v", x.purger.events)
	}
}

// The same, but database/sql has rolled back before fn returned.
func TestInTxCancelledAndRolledBack(t *testing.T) {
	x := newTxTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	rolledBack := make(chan struct{})
	x.fake.At["ROLLBACK"] = func() { close(rolledBack) }
	err := x.inv.InTx(ctx, x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		err := x.save(ctx, tx)
		cancel()
		<-rolledBack
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	wantOutcome(t, err, "rolled back")
	x.Want(t, "BEGIN", "UPDATE", "ROLLBACK")
}

// Once COMMIT was sent, the row may be committed, whether or not anybody waits.
func TestInTxCancelledDuringCommit(t *testing.T) {
	x := newTxTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	x.fake.At["COMMIT"] = cancel
	if err := x.inv.InTx(ctx, x.db, nil, x.save); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	x.Want(t, "BEGIN", "UPDATE", "COMMIT", purgeA)
}
