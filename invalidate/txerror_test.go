package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

// outcome is what the table in InTx's comment says of an error.
func outcome(err error) string {
	var failed *invalidate.PurgeError
	switch {
	case err == nil:
		return "purged"
	case errors.Is(err, invalidate.ErrRolledBack):
		return "rolled back"
	case errors.Is(err, invalidate.ErrCommitUnknown):
		return "unknown"
	case errors.As(err, &failed):
		return "not purged"
	default:
		return "not begun"
	}
}

func wantOutcome(t *testing.T, err error, want string) {
	t.Helper()
	if got := outcome(err); got != want {
		t.Errorf("the outcome of %v: got %q, want %q", err, got, want)
	}
	if got, want := invalidate.SavedNotPurged(err), want == "not purged"; got != want {
		t.Errorf("SavedNotPurged(%v): got %v, want %v", err, got, want)
	}
	if got, want := invalidate.SavedNotPurged(fmt.Errorf("save: %w", err)), want == "not purged"; err != nil && got != want {
		t.Errorf("SavedNotPurged(%v), wrapped: got %v, want %v", err, got, want)
	}
	// Wrapping the error changes nothing.
	if got := outcome(fmt.Errorf("save: %w", err)); err != nil && got != want {
		t.Errorf("the outcome of %v, wrapped: got %q, want %q", err, got, want)
	}
}

type coded struct{ code int }

func (c *coded) Error() string { return fmt.Sprint("code ", c.code) }

// A caller that looks for fn's own error finds it, with its text.
func TestInTxReturnsTheErrorOfFn(t *testing.T) {
	x := newTxTest(t)
	want := &coded{7}
	err := x.inv.InTx(t.Context(), x.db, nil, func(context.Context, *sql.Tx) error { return want })
	var got *coded
	if !errors.Is(err, want) || !errors.As(err, &got) || got != want || err.Error() != want.Error() {
		t.Errorf("got %v (as *coded: %v), want an error that is %v and says the same", err, got, want)
	}
	if !errors.Is(err, invalidate.ErrRolledBack) {
		t.Errorf("errors.Is(%v, ErrRolledBack): got false", err)
	}
}

// The error of a transaction inside fn says nothing about the outer one.
func TestInTxReturnsTheErrorOfAnother(t *testing.T) {
	conflict := state("40001")
	lost := errors.New("connection lost")
	refused := errors.New("refused")
	tests := []struct {
		name         string
		commit       error // of the inner transaction
		purge        error
		inner        string
		end          func(*sql.Tx) error // what fn makes of it
		outer        string
		outerUnknown bool
	}{
		{"not purged", nil, refused, "not purged", nil, "rolled back", false},
		{"unknown", lost, nil, "unknown", nil, "rolled back", false},
		{"rolled back", conflict, nil, "rolled back", nil, "rolled back", false},
		{"rolled back, outer committed by fn", conflict, nil, "rolled back", (*sql.Tx).Commit, "unknown", true},
		{"not purged, outer committed by fn", nil, refused, "not purged", (*sql.Tx).Commit, "unknown", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newTxTest(t)
			x.purger.err = tt.purge
			var inner error
			err := x.inv.InTx(t.Context(), x.db, nil, func(ctx context.Context, tx *sql.Tx) error {
				x.fake.Fail["COMMIT"] = tt.commit
				inner = x.inv.InTx(ctx, x.db, nil, x.save)
				x.fake.Fail["COMMIT"] = nil
				if tt.end != nil {
					if err := tt.end(tx); err != nil {
						t.Error(err)
					}
				}
				return fmt.Errorf("audit: %w", inner)
			})
			wantOutcome(t, inner, tt.inner)
			wantOutcome(t, err, tt.outer)
			if !errors.Is(err, inner) {
				t.Errorf("errors.Is(%v, what fn returned): got false", err)
			}
			if got := errors.Is(err, invalidate.ErrCommitUnknown); got != tt.outerUnknown {
				t.Errorf("errors.Is(%v, ErrCommitUnknown): got %v, want %v", err, got, tt.outerUnknown)
			}
			// What the inner one could not purge is not lost to the caller.
			if got, want := len(invalidate.Unpurged(err)), len(invalidate.Unpurged(inner)); got != want {
				t.Errorf("Unpurged(%v): got %d events, want %d", err, got, want)
			}
		})
	}
}

// A Purger that keeps its events in a database runs transactions of its own.
func TestInTxWithPurgerThatRunsTransactions(t *testing.T) {
	x := newTxTest(t)
	x.purger.err = fmt.Errorf("outbox: %w", invalidate.ErrRolledBack)
	err := x.inv.InTx(t.Context(), x.db, nil, x.save)
	wantOutcome(t, err, "not purged")
	if got := invalidate.Unpurged(err); len(got) != 1 || join(got[0].Dependencies) != "path:/blog/ path:/blog/a/" {
		t.Errorf("Unpurged: got %+v, want the event of a", got)
	}
}

func TestUnpurged(t *testing.T) {
	failed := func(path string) error {
		return &invalidate.PurgeError{Event: cache.Event{Dependencies: []cache.Dependency{cache.Path(path)}}, Err: errors.New("refused")}
	}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"nil", nil, ""},
		{"another", errors.New("oops"), ""},
		{"one", failed("/a"), "path:/a"},
		{"wrapped", fmt.Errorf("save: %w", failed("/a")), "path:/a"},
		{"joined", errors.Join(failed("/a"), errors.New("oops"), fmt.Errorf("save: %w", failed("/b"))), "path:/a path:/b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var all []cache.Dependency
			for _, e := range invalidate.Unpurged(tt.err) {
				all = append(all, e.Dependencies...)
			}
			if got := join(all); got != tt.want {
				t.Errorf("Unpurged(%v): got %q, want %q", tt.err, got, tt.want)
			}
		})
	}
}

// SavedNotPurged stands in an if: it is false for nil and for every save that failed.
func TestSavedNotPurged(t *testing.T) {
	x := newTxTest(t)
	x.purger.err = errors.New("refused")
	kept := newTxTest(t)
	kept.purger.err = errors.New("refused")
	kept.inv = newBlog(kept.purger, &invalidate.Options{Outbox: newOutbox(t, kept.purger.Trace)})
	ctx, batch := invalidate.WithBatch(t.Context())
	invalidatePost(t, ctx, x.inv, "a")
	rolledBack := x.inv.InTx(t.Context(), x.db, nil, func(context.Context, *sql.Tx) error { return errors.New("disk full") })
	notPurged := x.inv.InTx(t.Context(), x.db, nil, x.save)
	keptErr := kept.inv.InTx(t.Context(), kept.db, nil, kept.save)
	if !errors.Is(keptErr, invalidate.ErrKept) {
		t.Fatalf("with an outbox: got %v, want ErrKept", keptErr)
	}
	unknown := fmt.Errorf("gorm: commit: %w", invalidate.ErrCommitUnknown)
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"no error", nil, false},
		{"some error", errors.New("disk full"), false},
		{"a transaction that was not purged", notPurged, true},
		{"one whose purge is kept", keptErr, true},
		{"one that was rolled back", rolledBack, false},
		{"a flushed batch", batch.Flush(ctx), true},
		{"a purge at once", x.inv.Invalidate(t.Context(), &Post{Slug: "a"}), true},
		{"a purge at once, and one model has no rule", x.inv.Invalidate(t.Context(), 7, &Post{Slug: "a"}), true},
		{"no rule", x.inv.Invalidate(t.Context(), 7), false},
		{"a savepoint without a transaction", invalidate.Savepoint(t.Context(), x.db, nil), false},
		{"two transactions, one rolled back", errors.Join(notPurged, rolledBack), false},
		{"the same, the other way round", errors.Join(rolledBack, notPurged), false},
		{"not purged, and an error beside it", errors.Join(errors.New("audit"), notPurged), true},
		{"an adapter's unknown commit, not purged either", errors.Join(unknown, batch.Flush(ctx), notPurged), false},
		{"an adapter's rollback", fmt.Errorf("ent: %w", invalidate.ErrRolledBack), false},
		{"a purger that says its own transaction was rolled back",
			&invalidate.PurgeError{Err: fmt.Errorf("store: %w", invalidate.ErrRolledBack)}, true},
	} {
		if got := invalidate.SavedNotPurged(tt.err); got != tt.want {
			t.Errorf("%s: SavedNotPurged(%v) = %v, want %v", tt.name, tt.err, got, tt.want)
		}
	}
}
