package invalidate_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

const purgeA = "PURGE path:/blog/ path:/blog/a/"

// txTest is a blog over a database. Both record in one trace.
type txTest struct {
	*invtest.Trace
	inv    *invalidate.Invalidator
	purger *purger
	db     *sql.DB
	fake   *database
}

func newTxTest(t *testing.T) *txTest {
	p := newPurger()
	db, fake := newDB(t, p.Trace)
	return &txTest{Trace: p.Trace, inv: newBlog(p, nil), purger: p, db: db, fake: fake}
}

// save writes a row and invalidates the post "a".
func (x *txTest) save(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, "UPDATE"); err != nil {
		return err
	}
	return x.inv.Invalidate(ctx, &Post{Slug: "a"})
}

func TestInTx(t *testing.T) {
	x := newTxTest(t)
	if err := x.inv.InTx(t.Context(), x.db, nil, x.save); err != nil {
		t.Fatal(err)
	}
	x.Want(t, "BEGIN", "UPDATE", "COMMIT", purgeA)
}

// A purge during COMMIT would let a fill read the old row after it.
func TestInTxPurgesAfterCommitHasReturned(t *testing.T) {
	x := newTxTest(t)
	x.fake.At["COMMIT"] = func() { x.Want(t, "BEGIN", "UPDATE") }
	if err := x.inv.InTx(t.Context(), x.db, nil, x.save); err != nil {
		t.Fatal(err)
	}
	// The fake adds COMMIT when everything it does there is done.
	x.Want(t, "BEGIN", "UPDATE", "COMMIT", purgeA)
}

func TestInTxMergesIntoOneEvent(t *testing.T) {
	x := newTxTest(t)
	err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		invalidatePost(t, ctx, x.inv, "b")
		invalidatePost(t, ctx, x.inv, "c")
		return x.save(ctx, tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	x.Want(t, "BEGIN", "UPDATE", "COMMIT", "PURGE path:/blog/ path:/blog/a/ path:/blog/b/ path:/blog/c/")
}

// With the context that InTx was given, Invalidate cannot know that it is about the
// transaction: it purges at once, and again after COMMIT.
func TestInvalidateWithOuterContext(t *testing.T) {
	for name, tt := range map[string]struct {
		ctx  context.Context
		fail error
		want []string
	}{
		"committed":   {t.Context(), nil, []string{"BEGIN", "UPDATE", purgeA, "COMMIT", purgeA}},
		"rolled back": {t.Context(), errors.New("failed"), []string{"BEGIN", "UPDATE", purgeA, "ROLLBACK"}},
		// The whole program shares it.
		"background": {context.Background(), nil, []string{"BEGIN", "UPDATE", purgeA, "COMMIT"}},
		"not comparable": {struct {
			context.Context
			_ []int
		}{Context: t.Context()}, nil, []string{"BEGIN", "UPDATE", purgeA, "COMMIT"}},
	} {
		t.Run(name, func(t *testing.T) {
			x := newTxTest(t)
			err := x.inv.InTx(tt.ctx, x.db, nil, func(_ context.Context, tx *sql.Tx) error {
				if err := x.save(tt.ctx, tx); err != nil {
					return err
				}
				return tt.fail
			})
			if !errors.Is(err, tt.fail) {
				t.Errorf("error %v, want %v", err, tt.fail)
			}
			x.Want(t, tt.want...)
			invalidatePost(t, tt.ctx, x.inv, "b") // and the transaction is forgotten
			x.Want(t, append(tt.want, "PURGE path:/blog/ path:/blog/b/")...)
		})
	}
}

// The same in a transaction beside another: what is invalidated with the outer context
// is queued in both, since either may be rolled back alone.
func TestInvalidateWithOuterContextInAnotherTx(t *testing.T) {
	x := newTxTest(t)
	failed := errors.New("failed")
	err := x.inv.InTx(t.Context(), x.db, nil, func(outer context.Context, _ *sql.Tx) error {
		if err := x.inv.InTx(outer, x.db, nil, func(_ context.Context, tx *sql.Tx) error {
			return x.save(outer, tx)
		}); err != nil {
			t.Error(err)
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("error %v, want %v", err, failed)
	}
	x.Want(t, "BEGIN", "BEGIN", "UPDATE", "COMMIT", purgeA, "ROLLBACK")
}

// The outer context may be about another database than the outbox's. The transaction is
// not rolled back because that has no such table.
func TestInvalidateWithOuterContextForAnotherDatabase(t *testing.T) {
	x := newTxTest(t)
	x.fake.Fail["ENQUEUE path:/blog/ path:/blog/b/"] = errors.New("no such table")
	other := newBlog(x.purger, &invalidate.Options{Outbox: newOutbox(t, x.Trace)})
	err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		invalidatePost(t, t.Context(), other, "b") // saved in the other database, in no transaction
		return x.save(ctx, tx)
	})
	if err != nil {
		t.Error(err)
	}
	const purgeB = "PURGE path:/blog/ path:/blog/b/"
	x.Want(t, "BEGIN", purgeB, "UPDATE", "COMMIT", purgeB, purgeA)
}

// A goroutine saves without a transaction, in the context of another that has one. It
// gets no error, and its purge waits for nobody.
func TestInvalidateBesideTransactionInSameContext(t *testing.T) {
	x := newTxTest(t)
	err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		done := make(chan struct{})
		go func() {
			defer close(done)
			invalidatePost(t, t.Context(), x.inv, "b")
		}()
		<-done
		return x.save(ctx, tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	x.Want(t, "BEGIN", "PURGE path:/blog/ path:/blog/b/", "UPDATE", "COMMIT", "PURGE path:/blog/ path:/blog/a/ path:/blog/b/")
}

func TestInTxOnOneConnection(t *testing.T) {
	x := newTxTest(t)
	c, err := x.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := x.inv.InTx(t.Context(), c, &sql.TxOptions{}, x.save); err != nil {
		t.Fatal(err)
	}
	x.Want(t, "BEGIN", "UPDATE", "COMMIT", purgeA)
}

func TestInTxBypassesTheCache(t *testing.T) {
	x := newTxTest(t)
	err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, _ *sql.Tx) error {
		if !cache.Bypassed(ctx) {
			t.Error("the cache is not bypassed in the transaction")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	x.Want(t, "BEGIN", "COMMIT")
}

// state is the error of a server that says in SQLSTATE what went wrong.
type state string

func (s state) Error() string    { return "SQLSTATE " + string(s) }
func (s state) SQLState() string { return string(s) }

func TestInTxErrors(t *testing.T) {
	failed := errors.New("failed")
	saved := []string{"BEGIN", "UPDATE", "COMMIT"}
	purged := append(slices.Clone(saved), purgeA)
	tests := []struct {
		name    string
		fail    map[string]error
		purge   error
		is      []error // what the error is
		says    string
		outcome string // as the table in InTx's comment says
		steps   []string
	}{
		{"begin", map[string]error{"BEGIN": failed}, nil, []error{failed}, "invalidate: begin transaction: failed", "not begun",
			[]string{"BEGIN"}},
		// database/sql tries again on a new connection, since fn has not run yet.
		{"begin on a dead connection", map[string]error{"BEGIN": driver.ErrBadConn}, nil, []error{driver.ErrBadConn}, "invalidate: begin", "not begun",
			[]string{"BEGIN", "BEGIN", "BEGIN"}},
		{"fn", map[string]error{"UPDATE": failed}, nil, []error{failed}, "failed", "rolled back",
			[]string{"BEGIN", "UPDATE", "ROLLBACK"}},
		{"fn and rollback", map[string]error{"UPDATE": failed, "ROLLBACK": errors.New("link down")}, nil, []error{failed}, "invalidate: rollback: link down", "rolled back",
			[]string{"BEGIN", "UPDATE", "ROLLBACK"}},
		{"commit", map[string]error{"COMMIT": failed}, nil, []error{failed}, "invalidate: commit: ", "unknown", purged},
		{"commit on a dead connection", map[string]error{"COMMIT": driver.ErrBadConn}, nil, []error{driver.ErrBadConn}, "invalidate: commit: ", "unknown", purged},
		{"commit and purge", map[string]error{"COMMIT": failed}, errors.New("refused"), []error{failed}, "refused", "unknown", purged},
		{"purge", nil, failed, []error{failed}, "invalidate: invalidate_test.Post: purge /blog/, /blog/a/: failed", "not purged", purged},
		{"conflict at commit", map[string]error{"COMMIT": state("40001")}, nil, []error{state("40001")}, "invalidate: commit: ", "rolled back", saved},
		{"constraint at commit", map[string]error{"COMMIT": fmt.Errorf("driver: %w", state("23505"))}, nil, []error{state("23505")}, "invalidate: commit: ", "rolled back", saved},
		{"completion unknown", map[string]error{"COMMIT": state("40003")}, nil, []error{state("40003")}, "invalidate: commit: ", "unknown", purged},
		{"server shut down", map[string]error{"COMMIT": state("57P01")}, nil, []error{state("57P01")}, "invalidate: commit: ", "unknown", purged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newTxTest(t)
			for step, err := range tt.fail {
				x.fake.Fail[step] = err
			}
			x.purger.err = tt.purge
			err := x.inv.InTx(t.Context(), x.db, nil, x.save)
			wantError(t, err, tt.says)
			for _, is := range tt.is {
				if !errors.Is(err, is) {
					t.Errorf("errors.Is(%v, %v): got false", err, is)
				}
			}
			wantOutcome(t, err, tt.outcome)
			var failed *invalidate.PurgeError
			if got, want := errors.As(err, &failed), tt.purge != nil; got != want {
				t.Errorf("errors.As(%v, *PurgeError): got %v, want %v", err, got, want)
			}
			x.Want(t, tt.steps...)
		})
	}
}

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

// A rule that cannot name its pages fails the save while that can still fail.
func TestInTxUnresolvedModel(t *testing.T) {
	x := newTxTest(t)
	err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		return x.inv.Invalidate(ctx, &Post{Slug: "%"})
	})
	wantError(t, err, "invalidate: invalidate_test.Post 0: ", "/blog/%/")
	x.Want(t, "BEGIN", "ROLLBACK")
}

func TestInTxInsideInTx(t *testing.T) {
	x := newTxTest(t)
	oops := errors.New("oops")
	err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, _ *sql.Tx) error {
		invalidatePost(t, ctx, x.inv, "outer")
		if err := x.inv.InTx(ctx, x.db, nil, x.save); err != nil {
			t.Error(err)
		}
		return oops
	})
	if !errors.Is(err, oops) {
		t.Errorf("got %v, want %v", err, oops)
	}
	// The inner transaction has committed and is purged; the outer one has not.
	x.Want(t, "BEGIN", "BEGIN", "UPDATE", "COMMIT", purgeA, "ROLLBACK")
}

func TestSavepoints(t *testing.T) {
	x := newTxTest(t)
	err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		savepoint, batch := invalidate.WithBatch(ctx)
		invalidatePost(t, savepoint, x.inv, "dropped")
		batch.Discard()
		savepoint, batch = invalidate.WithBatch(ctx)
		invalidatePost(t, savepoint, x.inv, "kept")
		flush(t, savepoint, batch)
		return x.save(ctx, tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	x.Want(t, "BEGIN", "UPDATE", "COMMIT", "PURGE path:/blog/ path:/blog/a/ path:/blog/kept/")
}

// What is invalidated in fn's context after the transaction is purged at once.
func TestInvalidateAfterInTx(t *testing.T) {
	x := newTxTest(t)
	var late context.Context
	err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		late = ctx
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	invalidatePost(t, late, x.inv, "a")
	x.Want(t, "BEGIN", "COMMIT", purgeA)
}
