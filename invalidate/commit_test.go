package invalidate_test

import (
	"context"
	"errors"
	"testing"

	"github.com/uncache/uncache/invalidate"
)

func TestBatchCommit(t *testing.T) {
	const purge = "PURGE path:/blog/ path:/blog/hello/"
	lost := errors.New("connection reset")
	for _, tt := range []struct {
		name   string
		cancel bool
		commit error
		want   []string
		is     error // the expected outcome
	}{
		{"committed", false, nil, []string{"BEGIN", "COMMIT", purge}, nil},
		{"outcome unknown", false, lost, []string{"BEGIN", "COMMIT", purge}, invalidate.ErrCommitUnknown},
		{"rolled back by the server", false, state("40001"), []string{"BEGIN", "COMMIT"}, invalidate.ErrRolledBack},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPurger()
			db, d := newDB(t, p.Trace)
			d.Fail["COMMIT"] = tt.commit
			inv := newBlog(p, nil)
			tx, err := db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			ctx, batch := invalidate.WithBatch(t.Context())
			if err := inv.Invalidate(ctx, &Post{Slug: "hello"}); err != nil {
				t.Fatal(err)
			}
			if err := batch.Commit(t.Context(), tx); !errors.Is(err, tt.is) {
				t.Errorf("Commit: got %v, want %v", err, tt.is)
			}
			p.Want(t, tt.want...)
		})
	}
}

// What is committed is purged, whatever becomes of the outer batch.
func TestBatchCommitInABatch(t *testing.T) {
	p := newPurger()
	db, _ := newDB(t, p.Trace)
	inv := newBlog(p, nil)
	ctx, outer := invalidate.WithBatch(t.Context())
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	within, batch := invalidate.WithBatch(ctx)
	if err := inv.Invalidate(within, &Post{Slug: "hello"}); err != nil {
		t.Fatal(err)
	}
	if err := batch.Commit(within, tx); err != nil {
		t.Fatal(err)
	}
	outer.Discard()
	p.Want(t, "BEGIN", "COMMIT", "PURGE path:/blog/ path:/blog/hello/")
}

// A transaction whose context is done is rolled back, by database/sql or by Commit,
// whichever is first.
func TestBatchCommitAfterContextIsDone(t *testing.T) {
	p := newPurger()
	db, _ := newDB(t, p.Trace)
	inv := newBlog(p, nil)
	ctx, cancel := context.WithCancel(t.Context())
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	within, batch := invalidate.WithBatch(ctx)
	if err := inv.Invalidate(within, &Post{Slug: "hello"}); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := batch.Commit(ctx, tx); !errors.Is(err, invalidate.ErrRolledBack) || !errors.Is(err, context.Canceled) {
		t.Errorf("Commit: got %v, want ErrRolledBack because the context is done", err)
	}
	if len(p.events) != 0 {
		t.Errorf("purged %v, want nothing", p.events)
	}
}
