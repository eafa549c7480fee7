package enthook_test

import (
	"context"
	"errors"
	"testing"

	"entgo.io/ent"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
)

// A save that cannot be enqueued is rolled back, with and without a transaction.
func TestEnqueueFails(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		b.outbox.Err = errors.New("outbox: no such table")
		if err := b.Post.Create().SetSlug("a").Exec(ctx); !errors.Is(err, b.outbox.Err) {
			t.Errorf("Create: got %v, want %v", err, b.outbox.Err)
		}
		tx := must(b.Tx(ctx))
		tx.Post.Create().SetSlug("b").SaveX(ctx)
		if err := tx.Commit(); !errors.Is(err, b.outbox.Err) || !errors.Is(err, invalidate.ErrRolledBack) {
			t.Errorf("Commit: got %v, want ErrRolledBack because of %v", err, b.outbox.Err)
		}
		if n := b.Post.Query().CountX(ctx); n != 0 {
			t.Errorf("saved %d posts, want none", n)
		}
		b.Want(t)
	})
}

// A purge that fails is no failed save: Failed is told, or the caller of InTx.
func TestPurgeFails(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		b.Err = errors.New("redis: connection refused")
		b.Post.Create().SetSlug("a").SaveX(ctx)
		tx := must(b.Tx(ctx))
		tx.Post.Create().SetSlug("b").SaveX(ctx)
		if err := tx.Commit(); err != nil {
			t.Errorf("Commit: got %v, want nil: it has committed", err)
		}
		if len(b.Failed) != 2 || !errors.Is(b.Failed[0], invalidate.ErrKept) || !errors.Is(b.Failed[1], b.Err) {
			t.Errorf("Failed was told %v, want two that are kept", b.Failed)
		}
		err := enthook.InTx(ctx, b.Tx, func(ctx context.Context, tx *gen.Tx) error {
			return tx.Post.Create().SetSlug("c").Exec(ctx)
		})
		if !errors.Is(err, invalidate.ErrKept) || errors.Is(err, invalidate.ErrRolledBack) || len(b.Failed) != 2 {
			t.Errorf("InTx: got %v and Failed %v, want ErrKept returned", err, b.Failed)
		}
		if n := b.Post.Query().CountX(ctx); n != 3 {
			t.Errorf("saved %d posts, want 3", n)
		}
	})
}

// A rule's error comes before COMMIT, and is the save's.
func TestRuleFails(t *testing.T) {
	each(t, enthook.Options{Strict: true}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		err := b.Tag.Create().SetName("go").Exec(ctx)
		if !errors.Is(err, invalidate.ErrNoRule) {
			t.Errorf("Strict, without a rule: got %v, want ErrNoRule", err)
		}
		if n := b.Tag.Query().CountX(ctx); n != 0 {
			t.Errorf("saved %d tags, want none", n)
		}
	})
}

// The application's error is its own.
func TestSaveFails(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		b.Post.Create().SetSlug("a").SaveX(ctx)
		b.Want(t, "path:/a")
		err := b.Post.Create().SetSlug("a").Exec(ctx)
		if !gen.IsConstraintError(err) {
			t.Errorf("the second: got %v, want a constraint error", err)
		}
		if err := b.Post.UpdateOneID(999).SetTitle("x").Exec(ctx); !gen.IsNotFound(err) {
			t.Errorf("update of nobody: got %v, want not found", err)
		}
		b.Want(t)
		b.outbox.WantRows(t, 1)
	})
}

// A hook that fails when the row is written does not undo it. If the transaction
// commits nevertheless, the page has changed.
func TestHookFailsAfterTheSave(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		a := b.Post.Create().SetSlug("a").SaveX(t.Context())
		refused := errors.New("refused")
		b.Post.Use(func(next ent.Mutator) ent.Mutator {
			return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
				_, err := next.Mutate(ctx, m)
				return nil, errors.Join(err, refused)
			})
		})
		for _, tt := range []struct {
			save func(c *gen.Client) error
			want string
		}{
			{func(c *gen.Client) error { return c.Post.UpdateOne(a).SetSlug("b").Exec(t.Context()) }, "path:/a path:/b"},
			{func(c *gen.Client) error { return c.Post.Create().SetSlug("c").Exec(t.Context()) }, "path:/c"},
			{func(c *gen.Client) error { _, err := c.Post.Delete().Exec(t.Context()); return err }, "path:/b path:/c"},
		} {
			b.Purged = nil
			if err := tt.save(b.Client); !errors.Is(err, refused) { // by itself, it is rolled back
				t.Errorf("got %v, want %v", err, refused)
			}
			b.Want(t)
			tx := must(b.Tx(t.Context()))
			if err := tt.save(tx.Client()); !errors.Is(err, refused) {
				t.Errorf("got %v, want %v", err, refused)
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			b.Want(t, tt.want)
		}
	})
}
