package enthook_test

import (
	"context"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen/post"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// A write by another transaction between the query for the rows and the statement would
// be in no event. So the query locks the rows.
func TestRowsAreLocked(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		switch b.drv.Dialect() {
		case dialect.MySQL:
			rowsAreLocked(t, b, invtest.WaitingOnMySQL)
		case dialect.Postgres:
			rowsAreLocked(t, b, invtest.WaitingOnPostgres("posts"))
		}
	})
}

// rowsAreLocked is given a query for how many sessions wait for a lock.
func rowsAreLocked(t *testing.T, b *blog, waiting string) {
	ada := b.Author.Create().SetName("ada").SaveX(t.Context())
	p := b.Post.Create().SetSlug("a").SetAuthor(ada).SaveX(t.Context())
	for _, tt := range []struct {
		name, meanwhile string
		save            func(ctx context.Context, c *gen.Client) error
		want            string
	}{
		{"update", "UPDATE posts SET slug = 'n' WHERE slug = 'a'", func(ctx context.Context, c *gen.Client) error {
			return c.Post.UpdateOneID(p.ID).SetSlug("c").ClearAuthor().Exec(ctx)
		}, "group:author:ada path:/c path:/n"},
		{"update by condition", "UPDATE posts SET slug = 'o' WHERE slug = 'c'", func(ctx context.Context, c *gen.Client) error {
			return c.Post.Update().Where(post.TitleEQ("")).SetSlug("d").Exec(ctx)
		}, "path:/d path:/o"},
		{"delete", "UPDATE posts SET slug = 'q' WHERE slug = 'd'", func(ctx context.Context, c *gen.Client) error {
			return c.Post.DeleteOneID(p.ID).Exec(ctx)
		}, "path:/q"},
	} {
		b.Purged = nil
		invtest.SaveMeanwhile(t, b.db, waiting, tt.meanwhile, func() error { return tt.save(context.Background(), b.Client) })
		b.Want(t, tt.want)
	}
}

// The rule for Rows is asked about rows that came after the changed ones were read.
func TestRowsThatCameInBetween(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		invalidate.Register(b.inv, func(r enthook.Rows, to *invalidate.Targets) { to.Group("all:" + r.Type) })
		b.Post.Create().SetSlug("a").SaveX(t.Context())
		b.Post.Use(func(next gen.Mutator) gen.Mutator { // runs when the rows were read
			return gen.MutateFunc(func(ctx context.Context, m gen.Mutation) (gen.Value, error) {
				if m.Op().Is(gen.OpUpdate) {
					if err := m.(*gen.PostMutation).Client().Post.Create().SetSlug("b").Exec(ctx); err != nil {
						return nil, err
					}
				}
				return next.Mutate(ctx, m)
			})
		})
		b.Purged = nil
		b.Post.Update().SetTitle("x").ExecX(t.Context())
		b.Want(t, "group:all:Post path:/a path:/b")
	})
}
