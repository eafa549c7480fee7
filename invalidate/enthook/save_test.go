package enthook_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen/post"
)

// Every kind of write, by itself and in a transaction, names the rows as they
// were and as they are; one transaction is one event, after COMMIT.
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

// A save whose enqueueing fails is not made, with and without a transaction.
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

// A purge that fails is no failed save: Failed hears of it, or who called InTx.
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

// Above MaxRows the rule for Rows is asked.
func TestRows(t *testing.T) {
	each(t, enthook.Options{MaxRows: 2}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		for _, slug := range []string{"a", "b", "c"} {
			b.Post.Create().SetSlug(slug).SaveX(ctx)
		}
		b.Purged = nil
		b.Post.Update().SetTitle("x").ExecX(ctx)
		b.Want(t, "path:/a path:/b path:/c") // as long as there is no rule for Rows

		invalidate.Register(b.inv, func(r enthook.Rows, to *invalidate.Targets) { to.Group("all:" + r.Type) })
		b.Post.Update().SetTitle("y").ExecX(ctx)
		b.Want(t, "group:all:Post")
		b.Post.Update().Where(post.SlugNEQ("a")).SetTitle("z").ExecX(ctx)
		b.Want(t, "path:/b path:/c")
		b.Post.Delete().ExecX(ctx)
		b.Want(t, "group:all:Post")
	})
}

// A hook that fails when the row is written does not undo it. Whoever commits the
// transaction all the same has changed the page.
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

// The rows that an upsert finds are loaded before it.
func TestUpsert(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		invalidate.Register(b.inv, func(r enthook.Rows, to *invalidate.Targets) { to.Group("all:" + r.Type) })
		upsert := func(c *gen.Client) error {
			return c.Post.Create().SetSlug("a").OnConflictColumns(post.FieldSlug).Update(func(u *gen.PostUpsert) { u.SetSlug("c") }).Exec(t.Context())
		}
		reset := func() {
			b.Post.Delete().ExecX(t.Context())
			b.Post.Create().SetSlug("a").SaveX(t.Context())
			b.Purged = nil
		}
		reset()
		if err := upsert(b.Client); err != nil {
			t.Fatal(err)
		}
		const want = "path:/a path:/c"
		b.Want(t, want)
		reset()
		if err := enthook.InTx(t.Context(), b.Tx, func(ctx context.Context, tx *gen.Tx) error { return upsert(tx.Client()) }); err != nil {
			t.Fatal(err)
		}
		b.Want(t, want)
		reset()
		err := b.Post.CreateBulk(b.Post.Create().SetSlug("a"), b.Post.Create().SetSlug("b")).OnConflictColumns(post.FieldSlug).UpdateNewValues().Exec(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got, want := merged(b.Purged), "path:/a path:/b"; got != want {
			t.Errorf("many: purged %q, want %q", got, want)
		}
		b.Purged = nil
		if err := b.Post.Create().SetSlug("a").OnConflictColumns(post.FieldSlug).DoNothing().Exec(t.Context()); err != nil && !strings.Contains(err.Error(), "no rows") {
			t.Fatal(err)
		}
		for _, e := range b.Purged {
			if strings.Contains(e, "all:") {
				t.Errorf("DO NOTHING purged %q", e)
			}
		}
	})
}

// An upsert whose rows cannot be looked up, or not be loaded, changes unknown rows.
func TestUpsertOfUnknownRows(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		invalidate.Register(b.inv, func(l *gen.Like, to *invalidate.Targets) { to.Group(fmt.Sprint("stars:", l.Stars)) })
		ada := b.Author.Create().SetName("ada").SaveX(ctx)
		p := b.Post.Create().SetSlug("a").SaveX(ctx)
		like := func(stars int) *gen.LikeCreate {
			return b.Like.Create().SetPost(p).SetAuthor(ada).SetStars(stars)
		}
		b.Purged = nil
		for _, want := range []string{"group:author:ada group:stars:1 path:/a", "all: group:author:ada group:stars:1 path:/a"} {
			err := like(1).OnConflict(entsql.ConflictColumns("post_id", "author_id"), entsql.ResolveWithNewValues()).Exec(ctx)
			if err != nil {
				t.Fatal(err)
			}
			b.Want(t, want) // the second has changed a row
		}
		err := b.Post.Create().SetSlug("n").SetTitle("N").OnConflictColumns(post.FieldSlug).UpdateNewValues().Exec(ctx)
		if err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/n") // it was new
		hideDeleted(b)
		b.Post.Delete().Where(post.Slug("a")).ExecX(ctx)
		b.Purged = nil
		err = b.Post.Create().SetSlug("a").SetTitle("A").OnConflictColumns(post.FieldSlug).UpdateNewValues().Exec(ctx)
		if err != nil {
			t.Fatal(err)
		}
		b.Want(t, "all: path:/a") // an interceptor hid it
		if b.drv.Dialect() == dialect.Postgres {
			const name = "by_slug"
			if _, err := b.db.Exec("ALTER TABLE posts ADD CONSTRAINT " + name + " UNIQUE (slug)"); err != nil {
				t.Fatal(err)
			}
			err := b.Post.Create().SetSlug("n").OnConflict(entsql.ConflictConstraint(name), entsql.ResolveWithNewValues()).Exec(ctx)
			if err != nil {
				t.Fatal(err)
			}
			b.Want(t, "all: path:/n") // which rows that finds is not in the statement
		}
	})
}

// A type whose key is of several columns has rows that cannot be found by ID.
func TestCompositeKey(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		invalidate.Register(b.inv, func(l *gen.Like, to *invalidate.Targets) { to.Group(fmt.Sprint("stars:", l.Stars)) })
		ada := b.Author.Create().SetName("ada").SaveX(ctx)
		p := b.Post.Create().SetSlug("a").SaveX(ctx)
		b.Purged = nil
		l := b.Like.Create().SetPost(p).SetAuthor(ada).SaveX(ctx)
		b.Want(t, "group:author:ada group:stars:1 path:/a")
		b.Like.UpdateOne(l).SetStars(2).ExecX(ctx)
		b.Want(t, "all: group:author:ada group:stars:2 path:/a") // its key are edges
		b.Like.Update().SetStars(3).ExecX(ctx)
		b.Want(t, "all:") // without a rule for Rows
		invalidate.Register(b.inv, func(r enthook.Rows, to *invalidate.Targets) { to.Group("all:" + r.Type) })
		b.Like.Update().SetStars(4).ExecX(ctx)
		b.Like.Delete().ExecX(ctx)
		b.Want(t, "group:all:Like", "group:all:Like")
	})
}

// What Load loads is what the rules are given.
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

// In the context of a transaction, and of a save, the cache is bypassed; and what
// the Invalidator is told in it belongs to the transaction.
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
			// Whatever context the statement has: it runs in tx.
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

// A hook that saves with the mutation's client saves in its transaction, and is
// rolled back with it.
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

// A hook that saves with a client outside of the transaction saves whatever becomes
// of that, and is purged whatever becomes of that.
func TestHookThatSavesElsewhere(t *testing.T) {
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

// merged returns events as one.
func merged(events []string) string {
	all := strings.Fields(strings.Join(events, " "))
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}

// A page that is rendered in the context of what was rolled back may show it, and hears
// of that.
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
