package enthook_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen/post"
)

// Random saves, some of them rolled back: every page that differs before and after was
// purged, and after a ROLLBACK nothing was.
func TestRandomTransactions(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		invalidate.Register(b.inv, func(r enthook.Rows, to *invalidate.Targets) { to.Group("all:" + r.Type) })
		seed := uint64(time.Now().UnixNano())
		r := rand.New(rand.NewPCG(seed, 0))
		oops := errors.New("oops")
		changed := 0
		for i := range 100 {
			if i%20 == 0 {
				b.restart(t)
			}
			before := b.pages(t)
			b.Purged = nil
			var log []string
			roll := r.IntN(4) == 0
			err := enthook.InTx(t.Context(), b.Tx, func(ctx context.Context, tx *gen.Tx) error {
				for range 1 + r.IntN(4) {
					name, save := randomSave(r)
					// In PostgreSQL nothing can be saved after an error.
					if err := save(ctx, tx.Client()); err != nil {
						log = append(log, name+" failed")
						return err
					}
					log = append(log, name)
				}
				if roll {
					return oops
				}
				return nil
			})
			after := b.pages(t)
			purged := strings.Fields(strings.Join(b.Purged, " "))
			if err != nil && len(purged) > 0 {
				t.Errorf("seed %d: %s: rolled back, and purged %q", seed, strings.Join(log, "; "), purged)
			}
			pages := maps.Clone(before)
			maps.Copy(pages, after)
			for page := range pages {
				if maps.Equal(before[page], after[page]) && (before[page] == nil) == (after[page] == nil) {
					continue
				}
				changed++
				if !slices.Contains(purged, page) && !slices.Contains(purged, "group:all:Post") {
					t.Errorf("seed %d: after %s: %s is stale, purged were %q", seed, strings.Join(log, "; "), page, purged)
				}
			}
		}
		if changed < 50 {
			t.Errorf("seed %d: %d pages have changed in all: the test does next to nothing", seed, changed)
		}
	})
}

// restart leaves two authors, two tags and two posts with one of each.
func (b *blog) restart(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	b.Like.Delete().ExecX(ctx)
	b.Post.Delete().ExecX(ctx)
	b.Tag.Delete().ExecX(ctx)
	b.Author.Delete().ExecX(ctx)
	ada := b.Author.Create().SetName("ada").SaveX(ctx)
	b.Author.Create().SetName("bob").ExecX(ctx)
	tag := b.Tag.Create().SetName("go").SaveX(ctx)
	b.Tag.Create().SetName("sql").ExecX(ctx)
	b.Post.Create().SetSlug("a").SetAuthor(ada).AddTags(tag).ExecX(ctx)
	b.Post.Create().SetSlug("b").SetAuthor(ada).ExecX(ctx)
}

// randomSave makes one save, of few values, so that there are conflicts.
func randomSave(r *rand.Rand) (string, func(ctx context.Context, c *gen.Client) error) {
	word := func() string { return string(rune('a' + r.IntN(5))) }
	postID := func(ctx context.Context, c *gen.Client) int {
		ids := c.Post.Query().Order(post.ByID()).IDsX(ctx)
		if len(ids) == 0 {
			return 0
		}
		return ids[r.IntN(len(ids))]
	}
	author := func(ctx context.Context, c *gen.Client) int {
		ids := c.Author.Query().IDsX(ctx)
		return ids[r.IntN(len(ids))]
	}
	tag := func(ctx context.Context, c *gen.Client) int {
		ids := c.Tag.Query().IDsX(ctx)
		return ids[r.IntN(len(ids))]
	}
	skip := func(err error) error { // there was nothing to change
		if gen.IsNotFound(err) {
			return nil
		}
		return err
	}
	saves := []struct {
		name string
		do   func(ctx context.Context, c *gen.Client) error
	}{
		{"create", func(ctx context.Context, c *gen.Client) error {
			return c.Post.Create().SetSlug(word()).SetAuthorID(author(ctx, c)).AddTagIDs(tag(ctx, c)).Exec(ctx)
		}},
		{"create two", func(ctx context.Context, c *gen.Client) error {
			return c.Post.CreateBulk(c.Post.Create().SetSlug(word()+word()), c.Post.Create().SetSlug(word()).SetTitle(word())).Exec(ctx)
		}},
		{"upsert", func(ctx context.Context, c *gen.Client) error {
			return c.Post.Create().SetSlug(word()).SetTitle(word()).OnConflictColumns(post.FieldSlug).UpdateNewValues().Exec(ctx)
		}},
		{"upsert two", func(ctx context.Context, c *gen.Client) error {
			return c.Post.CreateBulk(c.Post.Create().SetSlug(word()).SetTitle(word()), c.Post.Create().SetSlug(word()+word()).SetTitle(word())).
				OnConflictColumns(post.FieldSlug).UpdateNewValues().Exec(ctx)
		}},
		{"rename", func(ctx context.Context, c *gen.Client) error {
			return skip(c.Post.UpdateOneID(postID(ctx, c)).SetSlug(word()).Exec(ctx))
		}},
		{"update where", func(ctx context.Context, c *gen.Client) error {
			return c.Post.Update().Where(post.TitleLT(word())).SetTitle(word()).Exec(ctx)
		}},
		{"rename where", func(ctx context.Context, c *gen.Client) error {
			return c.Post.Update().Where(post.Slug(word())).SetSlug(word()).SetTitle(word()).Exec(ctx)
		}},
		{"set author", func(ctx context.Context, c *gen.Client) error {
			return skip(c.Post.UpdateOneID(postID(ctx, c)).SetAuthorID(author(ctx, c)).Exec(ctx))
		}},
		{"clear author", func(ctx context.Context, c *gen.Client) error {
			return c.Post.Update().Where(post.SlugGT(word())).ClearAuthor().Exec(ctx)
		}},
		{"clear posts", func(ctx context.Context, c *gen.Client) error {
			return skip(c.Author.UpdateOneID(author(ctx, c)).ClearPosts().Exec(ctx))
		}},
		{"tag", func(ctx context.Context, c *gen.Client) error {
			return skip(c.Tag.UpdateOneID(tag(ctx, c)).ClearPosts().AddPostIDs(postID(ctx, c)).Exec(ctx))
		}},
		{"tags", func(ctx context.Context, c *gen.Client) error {
			return c.Post.Update().Where(post.SlugLT(word())).ClearTags().AddTagIDs(tag(ctx, c)).Exec(ctx)
		}},
		{"fans", func(ctx context.Context, c *gen.Client) error {
			return skip(c.Post.UpdateOneID(postID(ctx, c)).ClearFans().AddFanIDs(author(ctx, c)).Exec(ctx))
		}},
		{"delete", func(ctx context.Context, c *gen.Client) error {
			_, err := c.Post.Delete().Where(post.Slug(word()), post.Not(post.HasFans())).Exec(ctx)
			return err
		}},
	}
	s := saves[r.IntN(len(saves))]
	return s.name, s.do
}

// pages is what they are made from: page, row, what is in it. The page of an author
// lists the posts that the author likes, which only a change of the edge changes.
func (b *blog) pages(t *testing.T) map[string]map[string]string {
	t.Helper()
	ctx := t.Context()
	all := map[string]map[string]string{}
	for _, p := range b.Post.Query().WithTags().WithFans().AllX(ctx) {
		page := map[string]string{"row": fmt.Sprintf("%d %s %d", p.ID, p.Title, p.AuthorID)}
		for _, tag := range p.Edges.Tags {
			page[fmt.Sprint("tag ", tag.ID)] = ""
		}
		for _, fan := range p.Edges.Fans {
			page[fmt.Sprint("fan ", fan.ID)] = ""
		}
		all["path:/"+p.Slug] = page
	}
	for _, a := range b.Author.Query().WithLiked().AllX(ctx) {
		page := map[string]string{}
		for _, p := range a.Edges.Liked {
			page[fmt.Sprint("likes ", p.ID)] = ""
		}
		all["group:author:"+a.Name] = page
	}
	return all
}
