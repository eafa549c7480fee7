package enthook_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"entgo.io/ent"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
)

// In the context of a transaction, and of a save, the cache is bypassed, and Invalidate
// queues.
func TestContext(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		bypassed := false
		b.Use(func(next ent.Mutator) ent.Mutator {
			return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
				bypassed = cache.Bypassed(ctx)
				return next.Mutate(ctx, m)
			})
		})
		ctx := invalidate.WithReason(t.Context(), "ada says so")
		b.Post.Create().SetSlug("a").SaveX(ctx)
		if !bypassed {
			t.Error("in a hook of a save: the cache is not bypassed")
		}
		if got := strings.Join(b.Reasons, " "); got != "ada says so" {
			t.Errorf("the reason: got %q, want that of the context", got)
		}
		b.Want(t, "path:/a")
		err := enthook.InTx(ctx, b.Tx, func(ctx context.Context, tx *gen.Tx) error {
			if !cache.Bypassed(ctx) {
				t.Error("in InTx: the cache is not bypassed")
			}
			// Whatever context the statement has, it runs in tx.
			tx.Post.UpdateOneID(tx.Post.Query().OnlyIDX(ctx)).SetSlug("b").ExecX(t.Context())
			err := b.inv.Invalidate(ctx, &gen.Post{Slug: "by-hand"})
			b.Want(t)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/a path:/b path:/by-hand")
	})
}

// A hook that saves with the mutation's client saves in its transaction, and is rolled
// back with it.
func TestHookThatSaves(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		stop := errors.New("not today")
		b.Post.Use(func(next ent.Mutator) ent.Mutator {
			return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
				v, err := next.Mutate(ctx, m)
				if err != nil {
					return nil, err
				}
				p := v.(*gen.Post)
				if err := m.(*gen.PostMutation).Client().Author.Create().SetName("of " + p.Slug).Exec(ctx); err != nil {
					return nil, err
				}
				if p.Slug == "b" {
					return nil, stop
				}
				return v, nil
			})
		})
		b.Post.Create().SetSlug("a").SaveX(ctx)
		b.Want(t, "group:author:of a path:/a")
		b.outbox.WantRows(t, 1)
		if err := b.Post.Create().SetSlug("b").Exec(ctx); !errors.Is(err, stop) {
			t.Errorf("got %v, want %v", err, stop)
		}
		b.Want(t)
		if n := b.Author.Query().CountX(ctx); n != 1 {
			t.Errorf("%d authors, want 1: that of b is rolled back", n)
		}
	})
}

// A hook that saves with a client outside of the transaction saves, and is purged,
// whatever becomes of that.
func TestHookThatSavesOutside(t *testing.T) {
	d := databases[1] // SQLite has one writer
	b := newBlog(t, d.open(t), d.dialect, enthook.Options{})
	ctx := t.Context()
	b.Post.Use(func(next ent.Mutator) ent.Mutator {
		return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
			v, err := next.Mutate(ctx, m)
			if err != nil {
				return nil, err
			}
			return v, b.Author.Create().SetName("audit").Exec(ctx)
		})
	})
	tx := must(b.Tx(ctx))
	tx.Post.Create().SetSlug("a").SaveX(ctx)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if got := b.Author.Query().CountX(ctx); got != 1 {
		t.Errorf("%d authors, want 1: it is not of the transaction", got)
	}
	if got := merged(b.Purged); !strings.Contains(got, "group:author:audit") {
		t.Errorf("purged %q, want the author that is saved", got)
	}
}

func TestPanicRollsBack(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		b.Post.Use(func(next ent.Mutator) ent.Mutator {
			return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
				if _, err := next.Mutate(ctx, m); err != nil {
					return nil, err
				}
				panic("after the statement")
			})
		})
		func() {
			defer func() { _ = recover() }()
			b.Post.Create().SetSlug("a").SaveX(t.Context())
		}()
		if n := b.Post.Query().CountX(t.Context()); n != 0 {
			t.Errorf("saved %d posts, want none", n)
		}
		b.Want(t)
	})
}

// A transaction whose context is done is rolled back, and purges nothing.
func TestCanceled(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		ctx, cancel := context.WithCancel(t.Context())
		tx := must(b.Tx(ctx))
		tx.Post.Create().SetSlug("a").SaveX(ctx)
		cancel()
		if err := tx.Commit(); !errors.Is(err, invalidate.ErrRolledBack) {
			t.Errorf("Commit: got %v, want ErrRolledBack", err)
		}
		b.Want(t)
		if n := b.Post.Query().CountX(t.Context()); n != 0 {
			t.Errorf("saved %d posts, want none", n)
		}
	})
}

// A page that is rendered in the context of what was rolled back is not stored.
func TestRolledBackIsTold(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		told := false
		ctx := cache.WithRolledBack(t.Context(), func() { told = true })
		tx := must(b.Tx(ctx))
		tx.Post.Create().SetSlug("a").ExecX(ctx)
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		if !told {
			t.Error("the page was not told")
		}
	})
}
