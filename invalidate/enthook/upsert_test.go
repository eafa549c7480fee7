package enthook_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen/post"
)

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
			b.Want(t, "all: path:/n") // the statement does not say which rows that finds
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
