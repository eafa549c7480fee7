package enthook_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen/post"
)

// Every kind of write, by itself and in a transaction, names the rows as they were and
// as they are. One transaction is one event, after COMMIT.
func TestSaves(t *testing.T) {
	// save writes with c; a and b are posts of ada, tagged go.
	cases := []struct {
		name string
		save func(ctx context.Context, c *gen.Client, a, b *gen.Post) error
		want string // what is purged; "" for nothing
	}{
		{"create", func(ctx context.Context, c *gen.Client, _, _ *gen.Post) error {
			return c.Post.Create().SetSlug("c").Exec(ctx)
		}, "path:/c"},
		{"create with an edge names the other end", func(ctx context.Context, c *gen.Client, a, _ *gen.Post) error {
			return c.Post.Create().SetSlug("c").SetAuthorID(a.AuthorID).Exec(ctx)
		}, "group:author:ada path:/c"},
		{"update one", func(ctx context.Context, c *gen.Client, a, _ *gen.Post) error {
			return c.Post.UpdateOne(a).SetTitle("x").Exec(ctx)
		}, "path:/a"},
		{"update one by ID", func(ctx context.Context, c *gen.Client, a, _ *gen.Post) error {
			return c.Post.UpdateOneID(a.ID).SetSlug("c").Exec(ctx)
		}, "path:/a path:/c"},
		{"update by condition, which no longer holds", func(ctx context.Context, c *gen.Client, _, _ *gen.Post) error {
			return c.Post.Update().Where(post.Slug("a")).SetSlug("c").Exec(ctx)
		}, "path:/a path:/c"},
		{"update of many", func(ctx context.Context, c *gen.Client, _, _ *gen.Post) error {
			return c.Post.Update().SetTitle("x").Exec(ctx)
		}, "path:/a path:/b"},
		{"update of none", func(ctx context.Context, c *gen.Client, _, _ *gen.Post) error {
			return c.Post.Update().Where(post.Slug("nobody")).SetTitle("x").Exec(ctx)
		}, ""},
		{"delete one", func(ctx context.Context, c *gen.Client, a, _ *gen.Post) error {
			return c.Post.DeleteOne(a).Exec(ctx)
		}, "path:/a"},
		{"delete by condition", func(ctx context.Context, c *gen.Client, _, _ *gen.Post) error {
			_, err := c.Post.Delete().Where(post.SlugIn("a", "b")).Exec(ctx)
			return err
		}, "path:/a path:/b"},
		{"upsert", func(ctx context.Context, c *gen.Client, _, _ *gen.Post) error {
			return c.Post.Create().SetSlug("a").SetTitle("x").OnConflictColumns(post.FieldSlug).UpdateNewValues().Exec(ctx)
		}, "path:/a"},
		{"edge added from the other end", func(ctx context.Context, c *gen.Client, a, b *gen.Post) error {
			if err := c.Post.Update().ClearAuthor().Exec(ctx); err != nil {
				return err
			}
			return c.Author.Create().SetName("bob").AddPosts(a, b).Exec(ctx)
		}, "group:author:ada group:author:bob path:/a path:/b"},
		{"edge set anew names the old end and the new", func(ctx context.Context, c *gen.Client, a, _ *gen.Post) error {
			bob, err := c.Author.Create().SetName("bob").Save(ctx)
			if err != nil {
				return err
			}
			return c.Post.UpdateOne(a).SetAuthor(bob).Exec(ctx)
		}, "group:author:ada group:author:bob path:/a"},
		{"edge removed", func(ctx context.Context, c *gen.Client, a, _ *gen.Post) error {
			return c.Author.UpdateOneID(a.AuthorID).RemovePosts(a).Exec(ctx)
		}, "group:author:ada path:/a path:/b"},
		{"edges cleared", func(ctx context.Context, c *gen.Client, a, _ *gen.Post) error {
			return c.Author.UpdateOneID(a.AuthorID).ClearPosts().Exec(ctx)
		}, "group:author:ada path:/a path:/b"},
		{"many to many, of a type without a rule", func(ctx context.Context, c *gen.Client, a, _ *gen.Post) error {
			return c.Tag.Create().SetName("new").AddPosts(a).Exec(ctx)
		}, "path:/a"},
		{"a type without a rule", func(ctx context.Context, c *gen.Client, _, _ *gen.Post) error {
			return c.Tag.Create().SetName("new").Exec(ctx)
		}, ""},
		{"many created", func(ctx context.Context, c *gen.Client, _, _ *gen.Post) error {
			return c.Post.CreateBulk(c.Post.Create().SetSlug("c"), c.Post.Create().SetSlug("d"), c.Post.Create().SetSlug("e")).Exec(ctx)
		}, "path:/c path:/d path:/e"},
	}
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		for _, tt := range cases {
			t.Run(tt.name, func(t *testing.T) {
				ctx := t.Context()
				reset := func() (p1, p2 *gen.Post) {
					b.Post.Delete().ExecX(ctx)
					b.Tag.Delete().ExecX(ctx)
					b.Author.Delete().ExecX(ctx)
					ada := b.Author.Create().SetName("ada").SaveX(ctx)
					p1 = b.Post.Create().SetSlug("a").SetAuthor(ada).SaveX(ctx)
					p2 = b.Post.Create().SetSlug("b").SetAuthor(ada).SaveX(ctx)
					if _, err := b.db.ExecContext(ctx, "DELETE FROM kept"); err != nil {
						t.Fatal(err)
					}
					b.Purged = nil
					return p1, p2
				}
				var events []string
				if tt.want != "" {
					events = []string{tt.want}
				}

				p1, p2 := reset()
				tx := must(b.Tx(ctx))
				if err := tt.save(ctx, tx.Client(), p1, p2); err != nil {
					t.Fatal(err)
				}
				b.Want(t) // not before COMMIT
				if err := tx.Commit(); err != nil {
					t.Fatal(err)
				}
				b.Want(t, events...)
				b.outbox.WantRows(t, len(events))

				p1, p2 = reset()
				tx = must(b.Tx(ctx))
				if err := tt.save(ctx, tx.Client(), p1, p2); err != nil {
					t.Fatal(err)
				}
				if err := tx.Rollback(); err != nil {
					t.Fatal(err)
				}
				b.Want(t)
				b.outbox.WantRows(t, 0)

				p1, p2 = reset()
				if err := enthook.InTx(ctx, b.Tx, func(ctx context.Context, tx *gen.Tx) error {
					return tt.save(ctx, tx.Client(), p1, p2)
				}); err != nil {
					t.Fatal(err)
				}
				b.Want(t, events...)
				b.outbox.WantRows(t, len(events))

				// By itself: in one transaction for each save.
				p1, p2 = reset()
				if err := tt.save(ctx, b.Client, p1, p2); err != nil {
					t.Fatal(err)
				}
				if got, want := merged(b.Purged), tt.want; got != want {
					t.Errorf("without a transaction: purged %q, want %q", got, want)
				}
				b.outbox.WantRows(t, len(b.Purged))
				if len(b.Failed) > 0 {
					t.Errorf("failed: %v", b.Failed)
				}
			})
		}
	})
}

// Above MaxRows the rule for Rows is asked.
func TestRows(t *testing.T) {
	each(t, enthook.Options{MaxRows: 2}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		for _, slug := range []string{"a", "b", "c"} {
			b.Post.Create().SetSlug(slug).SaveX(ctx)
		}
		b.Purged = nil
		b.Post.Update().SetTitle("x").ExecX(ctx)
		b.Want(t, "path:/a path:/b path:/c") // while there is no rule for Rows

		invalidate.Register(b.inv, func(r enthook.Rows, to *invalidate.Targets) { to.Group("all:" + r.Type) })
		b.Post.Update().SetTitle("y").ExecX(ctx)
		b.Want(t, "group:all:Post")
		b.Post.Update().Where(post.SlugNEQ("a")).SetTitle("z").ExecX(ctx)
		b.Want(t, "path:/b path:/c")
		b.Post.Delete().ExecX(ctx)
		b.Want(t, "group:all:Post")
	})
}

// The rules are given what Load loads.
func TestLoad(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		invalidate.Register(b.inv, func(g *gen.Tag, to *invalidate.Targets) { to.Group("tag:" + g.Name) })
		enthook.Load(b.drv, func(ctx context.Context, m *gen.PostMutation, ids []int) ([]*gen.Post, error) {
			return m.Client().Post.Query().Where(post.IDIn(ids...)).WithTags().All(ctx)
		})
		x, y := b.Tag.Create().SetName("x").SaveX(ctx), b.Tag.Create().SetName("y").SaveX(ctx)
		b.Purged = nil
		p := b.Post.Create().SetSlug("a").AddTags(x).SaveX(ctx)
		b.Want(t, "group:tag:x path:/a")
		b.Post.UpdateOne(p).RemoveTags(x).AddTags(y).ExecX(ctx)
		b.Want(t, "group:tag:x group:tag:y path:/a")
		b.Post.Delete().ExecX(ctx)
		b.Want(t, "group:tag:y path:/a")
	})
}

// merged returns events as one.
func merged(events []string) string {
	all := strings.Fields(strings.Join(events, " "))
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}
