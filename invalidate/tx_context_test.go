package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/uncache/uncache/invalidate"
)

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
