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

func (s state) Error() string { return "SQLSTATE " + string(s) }

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
