package enthook_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen/post"
)

type shownKey struct{}

// hideDeleted does what a mixin for soft deletion does, with the title as a mark.
func hideDeleted(b *blog) {
	b.Post.Intercept(ent.TraverseFunc(func(ctx context.Context, q ent.Query) error {
		if ctx.Value(shownKey{}) == nil {
			q.(*gen.PostQuery).Where(post.TitleNEQ("deleted"))
		}
		return nil
	}))
	b.Post.Use(func(next ent.Mutator) ent.Mutator {
		return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
			if !m.Op().Is(ent.OpDelete | ent.OpDeleteOne) {
				return next.Mutate(ctx, m)
			}
			p := m.(*gen.PostMutation)
			p.SetOp(ent.OpUpdate)
			p.SetTitle("deleted")
			return p.Client().Mutate(ctx, m)
		})
	})
}

// A row that an interceptor hides from queries is changed. Nothing says which it is, so
// the rule for Rows is asked, or everything is purged.
func TestRowsHiddenFromQueries(t *testing.T) {
	for _, rule := range []bool{false, true} {
		want := map[bool]string{false: "all:", true: "group:all:Post"}[rule]
		t.Run(strings.Trim(want, ":"), func(t *testing.T) {
			each(t, enthook.Options{}, func(t *testing.T, b *blog) {
				ctx := t.Context()
				if rule {
					invalidate.Register(b.inv, func(r enthook.Rows, to *invalidate.Targets) { to.Group("all:" + r.Type) })
				}
				hideDeleted(b)
				a := b.Post.Create().SetSlug("a").SaveX(ctx)
				b.Post.Create().SetSlug("b").SetTitle("B").SaveX(ctx)
				for _, test := range []struct {
					name string
					save func(c *gen.Client) (int, error)
				}{
					{"restore", func(c *gen.Client) (int, error) { return c.Post.Update().Where(post.Slug("a")).SetTitle("A").Save(ctx) }},
					{"restore by ID", func(c *gen.Client) (int, error) { return 1, c.Post.UpdateOneID(a.ID).SetTitle("A").Exec(ctx) }},
					{"one of two, where the other stays as it is", func(c *gen.Client) (int, error) {
						_, err := c.Post.Update().Where(post.SlugIn("a", "b")).SetTitle("B").Save(ctx)
						return 1, err
					}},
					{"an edge", func(c *gen.Client) (int, error) {
						tag := c.Tag.Create().SetName("t").SaveX(ctx)
						n, err := c.Post.Update().Where(post.Slug("a")).AddTags(tag).SetTitle("A").Save(ctx)
						return n, errors.Join(err, c.Tag.DeleteOne(tag).Exec(ctx))
					}},
					{"delete again", func(c *gen.Client) (int, error) {
						return c.Post.Delete().Where(post.Slug("a")).Exec(ctx)
					}},
				} {
					for _, own := range []bool{true, false} {
						b.Purged = nil
						b.Post.Delete().Where(post.ID(a.ID)).ExecX(ctx)
						if b.Post.Query().Where(post.ID(a.ID)).ExistX(ctx) {
							t.Fatal("the row is not hidden")
						}
						b.Purged = nil
						var n int
						var err error
						if own {
							n, err = test.save(b.Client)
						} else {
							err = enthook.InTx(ctx, b.Tx, func(_ context.Context, tx *gen.Tx) error {
								n, err = test.save(tx.Client())
								return err
							})
						}
						// MySQL does not count a row that stays as it is.
						if err != nil || n != 1 && !(test.name == "delete again" && b.drv.Dialect() == dialect.MySQL) {
							t.Errorf("%s: %d rows, %v; want one", test.name, n, err)
						}
						if got := merged(b.Purged); !strings.Contains(got, want) && n > 0 {
							t.Errorf("%s: purged %q, want %q", test.name, got, want)
						}
					}
				}
			})
		})
	}
}

// A row that is not hidden is purged by itself, whatever a mixin does with a mutation.
func TestSoftDeletion(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		hideDeleted(b)
		a := b.Post.Create().SetSlug("a").SaveX(ctx)
		for _, slug := range []string{"b", "c", "d"} {
			b.Post.Create().SetSlug(slug).ExecX(ctx)
		}
		b.Purged = nil
		b.Post.DeleteOne(a).ExecX(ctx)
		b.Want(t, "path:/a")
		b.Post.Delete().Where(post.SlugLT("d")).ExecX(context.WithValue(ctx, shownKey{}, true))
		b.Want(t, "path:/a path:/b path:/c")
		b.Post.Update().Where(post.Slug("a")).SetTitle("").ExecX(context.WithValue(ctx, shownKey{}, true))
		b.Want(t, "path:/a")
		if n := b.Post.Query().CountX(ctx); n != 2 {
			t.Errorf("%d posts are shown, want 2", n)
		}
	})
}
