package invalidate_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/uncache/uncache/invalidate"
)

const (
	enqueueA = "ENQUEUE path:/blog/ path:/blog/a/"
	keepA    = "KEEP path:/blog/ path:/blog/a/"
)

// newOutboxTest is newTxTest with an outbox.
func newOutboxTest(t *testing.T) (*txTest, *outbox) {
	x := newTxTest(t)
	o := newOutbox(t, x.Trace)
	x.inv = newBlog(x.purger, &invalidate.Options{Outbox: o})
	return x, o
}

// An enqueued event is purged after COMMIT. Its row is deleted only if the transaction
// has committed for certain.
func TestInTxWithOutbox(t *testing.T) {
	failed := errors.New("failed")
	enqueued := []string{"BEGIN", "UPDATE", enqueueA}
	and := func(steps ...string) []string { return append(slices.Clone(enqueued), steps...) }
	tests := []struct {
		name    string
		fail    map[string]error
		purge   error
		kept    bool
		outcome string
		steps   []string
	}{
		{"well", nil, nil, false, "purged", and("COMMIT", purgeA, "PURGED #1")},
		{"enqueue", map[string]error{enqueueA: failed}, nil, false, "rolled back", and("ROLLBACK")},
		{"enqueue on a dead connection", map[string]error{enqueueA: driver.ErrBadConn, "ROLLBACK": driver.ErrBadConn}, nil, false, "rolled back", and("ROLLBACK")},
		{"fn", map[string]error{"UPDATE": failed}, nil, false, "rolled back", []string{"BEGIN", "UPDATE", "ROLLBACK"}},
		{"commit", map[string]error{"COMMIT": failed}, nil, false, "unknown", and("COMMIT", purgeA)},
		{"commit and purge", map[string]error{"COMMIT": failed}, failed, true, "unknown", and("COMMIT", purgeA)},
		{"conflict at commit", map[string]error{"COMMIT": state("40001")}, nil, false, "rolled back", and("COMMIT")},
		{"rolled back, says the driver", map[string]error{"COMMIT": fmt.Errorf("driver: %w", invalidate.ErrRolledBack)}, nil, false, "rolled back", and("COMMIT")},
		{"purge", nil, failed, true, "not purged", and("COMMIT", purgeA)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x, _ := newOutboxTest(t)
			for step, err := range tt.fail {
				x.fake.Fail[step] = err
			}
			x.purger.err = tt.purge
			err := x.inv.InTx(t.Context(), x.db, nil, x.save)
			wantOutcome(t, err, tt.outcome)
			if got := errors.Is(err, invalidate.ErrKept); got != tt.kept {
				t.Errorf("errors.Is(%v, ErrKept): got %v, want %v", err, got, tt.kept)
			}
			if all := invalidate.Unpurged(err); len(all) > 0 {
				t.Errorf("Unpurged(%v): got %v, want none", err, all)
			}
			for _, f := range tt.fail {
				if !errors.Is(err, f) {
					t.Errorf("errors.Is(%v, %v): got false", err, f)
				}
			}
			x.Want(t, tt.steps...)
		})
	}
}

// If fn ends the transaction nothing is enqueued. No row is deleted, and what cannot be
// purged is kept.
func TestInTxWithOutboxEndedByFn(t *testing.T) {
	for _, refused := range []error{nil, errors.New("refused")} {
		x, _ := newOutboxTest(t)
		x.purger.err = refused
		err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
			return errors.Join(x.save(ctx, tx), tx.Commit())
		})
		wantOutcome(t, err, "unknown")
		want := []string{"BEGIN", "UPDATE", "COMMIT", purgeA}
		if refused != nil {
			want = append(want, keepA)
		}
		x.Want(t, want...)
		if got := errors.Is(err, invalidate.ErrKept); got != (refused != nil) {
			t.Errorf("errors.Is(%v, ErrKept): got %v", err, got)
		}
	}
}

// The driver may panic before COMMIT has arrived, or after.
func TestInTxWithOutboxPanics(t *testing.T) {
	tests := []struct {
		at    string
		steps []string
	}{
		{"COMMIT", []string{"BEGIN", "UPDATE", enqueueA, purgeA}},
		{enqueueA, []string{"BEGIN", "UPDATE", "ROLLBACK"}},
	}
	for _, tt := range tests {
		t.Run(tt.at, func(t *testing.T) {
			x, _ := newOutboxTest(t)
			x.fake.At[tt.at] = func() { panic("oops") }
			wantPanic(t, "oops", func() { _ = x.inv.InTx(t.Context(), x.db, nil, x.save) })
			x.Want(t, tt.steps...)
		})
	}
}

// A batch survives a driver that panics in Enqueue: a caller that recovers may still
// commit.
func TestEnqueuePanics(t *testing.T) {
	x, _ := newOutboxTest(t)
	x.fake.At[enqueueA] = func() { panic("oops") }
	ctx, batch := invalidate.WithBatch(t.Context())
	invalidatePost(t, ctx, x.inv, "a")
	wantPanic(t, "oops", func() { _ = batch.Enqueue(ctx, x.db) })
	flush(t, ctx, batch)
	x.Want(t, purgeA)
}

func TestEnqueueNeedsAnIDForEach(t *testing.T) {
	x, o := newOutboxTest(t)
	o.wide = true
	err := x.inv.InTx(t.Context(), x.db, nil, x.save)
	wantOutcome(t, err, "rolled back")
	wantError(t, err, "invalidate: invalidate_test.Post: enqueue: the Outbox gave 2 IDs for 1 events")
	x.Want(t, "BEGIN", "UPDATE", enqueueA, "ROLLBACK")
}

// Invalidators share a transaction, and each has its own outbox or none.
func TestSeveralInvalidatorsWithOutbox(t *testing.T) {
	x, _ := newOutboxTest(t)
	other := newBlog(x.purger, &invalidate.Options{Outbox: newOutbox(t, x.Trace)})
	without := newBlog(x.purger, nil)
	err := invalidate.Transact(t.Context(), func(ctx context.Context) (*sql.Tx, error) { return x.db.BeginTx(ctx, nil) },
		func(ctx context.Context, tx *sql.Tx) error {
			invalidatePost(t, ctx, without, "w")
			invalidatePost(t, ctx, x.inv, "a")
			invalidatePost(t, ctx, other, "o")
			invalidatePost(t, ctx, without, "w")
			invalidatePost(t, ctx, x.inv, "b")
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	const ab, o = "path:/blog/ path:/blog/a/ path:/blog/b/", "path:/blog/ path:/blog/o/"
	x.Want(t, "BEGIN", "ENQUEUE "+ab, "ENQUEUE "+o, "COMMIT",
		"PURGE path:/blog/ path:/blog/w/", "PURGE "+ab, "PURGED #1", "PURGE "+o, "PURGED #1")
}

// If one outbox fails, the rows of another are rolled back.
func TestOneOutboxRefuses(t *testing.T) {
	x, _ := newOutboxTest(t)
	other := newBlog(x.purger, &invalidate.Options{Outbox: newOutbox(t, x.Trace)})
	x.fake.Fail["ENQUEUE path:/blog/ path:/blog/o/"] = errors.New("no such table")
	err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		invalidatePost(t, ctx, other, "o")
		invalidatePost(t, ctx, x.inv, "a")
		return nil
	})
	wantOutcome(t, err, "rolled back")
	wantError(t, err, "invalidate: invalidate_test.Post: enqueue: no such table")
	x.Want(t, "BEGIN", "ENQUEUE path:/blog/ path:/blog/o/", enqueueA, "ROLLBACK")
}
