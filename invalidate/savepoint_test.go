package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"slices"
	"testing"

	"github.com/uncache/uncache/invalidate"
)

const (
	set     = "SAVEPOINT uncache_1"
	release = "RELEASE SAVEPOINT uncache_1"
	undo    = "ROLLBACK TO SAVEPOINT uncache_1"
)

// "a" is invalidated in the transaction, "b" in a savepoint of it.
func TestSavepoint(t *testing.T) {
	oops, broken := errors.New("oops"), errors.New("broken")
	const purgeAB = "PURGE path:/blog/ path:/blog/a/ path:/blog/b/"
	tests := []struct {
		name  string
		fail  map[string]error
		fn    error
		is    []error
		steps []string
		purge string // in case the transaction is committed anyway
	}{
		{"well", nil, nil, nil, []string{set, "B", release}, purgeAB},
		{"no savepoint", map[string]error{set: broken}, nil, []error{broken}, []string{set}, purgeA},
		{"fn", nil, oops, []error{oops, invalidate.ErrRolledBack}, []string{set, "B", undo, release}, purgeA},
		{"a statement of fn", map[string]error{"B": broken}, nil, []error{broken, invalidate.ErrRolledBack}, []string{set, "B", undo, release}, purgeA},
		{"release", map[string]error{release: broken}, nil, []error{broken}, []string{set, "B", release, undo, release}, purgeA},
		{"undo", map[string]error{undo: broken}, oops, []error{oops, broken}, []string{set, "B", undo}, purgeAB},
		{"release and undo", map[string]error{release: oops, undo: broken}, nil, []error{oops, broken}, []string{set, "B", release, undo}, purgeAB},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newTxTest(t)
			for step, err := range tt.fail {
				x.fake.Fail[step] = err
			}
			err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
				invalidatePost(t, ctx, x.inv, "a")
				err := invalidate.Savepoint(ctx, tx, func(ctx context.Context) error {
					invalidatePost(t, ctx, x.inv, "b")
					if _, err := tx.ExecContext(ctx, "B"); err != nil {
						return err
					}
					return tt.fn
				})
				if (err == nil) != (tt.is == nil) {
					t.Errorf("Savepoint: got %v, want errors %v", err, tt.is)
				}
				for _, is := range tt.is {
					if !errors.Is(err, is) {
						t.Errorf("errors.Is(%v, %v): got false", err, is)
					}
				}
				if got, want := errors.Is(err, invalidate.ErrRolledBack), slices.Contains(tt.is, invalidate.ErrRolledBack); got != want {
					t.Errorf("errors.Is(%v, ErrRolledBack): got %v, want %v", err, got, want)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			x.Want(t, slices.Concat([]string{"BEGIN"}, tt.steps, []string{"COMMIT", tt.purge})...)
		})
	}
}

func TestSavepointReturnsTheErrorOfFn(t *testing.T) {
	x := newTxTest(t)
	_ = x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		err := invalidate.Savepoint(ctx, tx, func(context.Context) error { return &coded{7} })
		var got *coded
		if !errors.As(err, &got) || err.Error() != "code 7" {
			t.Errorf("got %v, want an error that is *coded and says the same", err)
		}
		return err
	})
	x.Want(t, "BEGIN", set, undo, release, "ROLLBACK")
}

// An error of a savepoint is none of the transaction.
func TestSavepointErrorIsNotOfTheTransaction(t *testing.T) {
	x := newTxTest(t)
	err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		err := invalidate.Savepoint(ctx, tx, func(context.Context) error { return errors.New("oops") })
		return errors.Join(err, tx.Commit())
	})
	wantOutcome(t, err, "unknown")
}

func TestSavepointsInSavepoints(t *testing.T) {
	x := newTxTest(t)
	oops := errors.New("oops")
	err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		nest := func(ctx context.Context, slug string, then func(context.Context) error) error {
			return invalidate.Savepoint(ctx, tx, func(ctx context.Context) error {
				invalidatePost(t, ctx, x.inv, slug)
				return then(ctx)
			})
		}
		fail := func(context.Context) error { return oops }
		well := func(context.Context) error { return nil }
		// The inner savepoint is released or rolled back with the outer one. If the
		// inner one was rolled back, the outer one goes on without it.
		first := nest(ctx, "b", func(ctx context.Context) error {
			if err := nest(ctx, "c", well); err != nil {
				t.Error(err)
			}
			return oops
		})
		second := nest(ctx, "d", func(ctx context.Context) error {
			if err := nest(ctx, "e", fail); !errors.Is(err, oops) {
				t.Errorf("got %v, want %v", err, oops)
			}
			return nil
		})
		if !errors.Is(first, oops) || second != nil {
			t.Errorf("got %v and %v, want %v and nil", first, second, oops)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const set2, release2, undo2 = "SAVEPOINT uncache_2", "RELEASE SAVEPOINT uncache_2", "ROLLBACK TO SAVEPOINT uncache_2"
	x.Want(t, "BEGIN",
		set, set2, release2, undo, release,
		set, set2, undo2, release2, release,
		"COMMIT", "PURGE path:/blog/ path:/blog/d/")
}

// A panic rolls back to the savepoint, in case a caller recovers. So does a test helper
// that ends the goroutine.
func TestSavepointPanic(t *testing.T) {
	x := newTxTest(t)
	err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		invalidatePost(t, ctx, x.inv, "a")
		wantPanic(t, "oops", func() {
			_ = invalidate.Savepoint(ctx, tx, func(ctx context.Context) error {
				invalidatePost(t, ctx, x.inv, "b")
				panic("oops")
			})
		})
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = invalidate.Savepoint(ctx, tx, func(ctx context.Context) error {
				invalidatePost(t, ctx, x.inv, "c")
				runtime.Goexit()
				return nil
			})
		}()
		<-done
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	x.Want(t, "BEGIN", set, undo, release, set, undo, release, "COMMIT", purgeA)
}

// A savepoint may have less time than its transaction.
func TestSavepointCancelled(t *testing.T) {
	x := newTxTest(t)
	err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		invalidatePost(t, ctx, x.inv, "a")
		within, cancel := context.WithCancel(ctx)
		err := invalidate.Savepoint(within, tx, func(ctx context.Context) error {
			invalidatePost(t, ctx, x.inv, "b")
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) || !errors.Is(err, invalidate.ErrRolledBack) {
			t.Errorf("got %v, want ErrRolledBack and context.Canceled", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	x.Want(t, "BEGIN", set, undo, release, "COMMIT", purgeA)
}

// Without a transaction around it, the savepoint would purge at once.
func TestSavepointNeedsABatch(t *testing.T) {
	x := newTxTest(t)
	ended, batch := invalidate.WithBatch(t.Context())
	batch.Discard()
	following, _ := invalidate.Follow(t.Context())
	for name, ctx := range map[string]context.Context{"none": t.Context(), "ended": ended, "following": following} {
		t.Run(name, func(t *testing.T) {
			err := invalidate.Savepoint(ctx, x.db, func(context.Context) error {
				t.Error("fn was run")
				return nil
			})
			wantError(t, err, "invalidate: Savepoint: the context is not of a transaction")
			x.Want(t)
		})
	}
	part, _ := invalidate.WithBatch(ended)
	if err := invalidate.Savepoint(part, x.db, func(context.Context) error { return nil }); err != nil {
		t.Errorf("in an open batch: got %v, want nil", err)
	}
}

// What is invalidated in the context of a savepoint that was rolled back belongs to the
// transaction, and is not lost.
func TestInvalidateAfterSavepoint(t *testing.T) {
	x := newTxTest(t)
	err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
		var late context.Context
		_ = invalidate.Savepoint(ctx, tx, func(ctx context.Context) error {
			late = ctx
			return errors.New("oops")
		})
		invalidatePost(t, late, x.inv, "a")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	x.Want(t, "BEGIN", set, undo, release, "COMMIT", purgeA)
}
