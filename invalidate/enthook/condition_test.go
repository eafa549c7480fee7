package enthook_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen/author"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen/post"
)

// wantFresh fails unless all pages that differ from before have been purged. It returns
// how many they are, and what was purged.
func (b *blog) wantFresh(t *testing.T, name string, before map[string]map[string]string) (int, []string) {
	t.Helper()
	purged := b.TakeNames()
	after := b.pages(t)
	pages := maps.Clone(before)
	maps.Copy(pages, after)
	stale := 0
	for page := range pages {
		if maps.Equal(before[page], after[page]) && (before[page] == nil) == (after[page] == nil) {
			continue
		}
		stale++
		if !slices.Contains(purged, page) && !slices.Contains(purged, "all:") {
			t.Errorf("%s: %s is stale, purged were %q", name, page, purged)
		}
	}
	return stale, purged
}

// fill leaves 26 posts, two authors and two tags.
func (b *blog) fill(t *testing.T) {
	t.Helper()
	b.restart(t)
	ada := b.Author.Query().Where(author.Name("ada")).OnlyX(t.Context())
	var all []*gen.PostCreate
	for c := 'c'; c <= 'z'; c++ {
		all = append(all, b.Post.Create().SetSlug(string(c)).SetAuthor(ada))
	}
	b.Post.CreateBulk(all...).ExecX(t.Context())
	b.Purged = nil
}

// anyOne is a condition that matches one row, each time another.
func anyOne(s *entsql.Selector) {
	order := "RANDOM()"
	if s.Dialect() == dialect.MySQL {
		order = "RAND()"
	}
	s.Where(entsql.ExprP("id IN (SELECT id FROM (SELECT id FROM posts ORDER BY " + order + " LIMIT 1) x)"))
}

// A condition that matches other rows the second time changes the rows whose keys were
// read, or everything is purged.
func TestConditionsThatMatchOtherRows(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		for _, test := range []struct {
			name string
			rows int
			save func(c *gen.Client) (int, error)
		}{
			{"update", 1, func(c *gen.Client) (int, error) { return c.Post.Update().Where(anyOne).SetTitle("new").Save(ctx) }},
			{"update with another condition", 1, func(c *gen.Client) (int, error) {
				return c.Post.Update().Where(post.SlugGT(""), anyOne).SetTitle("new").Save(ctx)
			}},
			{"update of an edge in a table of its own", 1, func(c *gen.Client) (int, error) {
				return c.Post.Update().Where(anyOne).AddTagIDs(c.Tag.Query().FirstIDX(ctx), c.Tag.Query().IDsX(ctx)[1]).ClearTags().Save(ctx)
			}},
			{"update of some rows", -1, func(c *gen.Client) (int, error) {
				return c.Post.Update().Where(func(s *entsql.Selector) {
					half := map[string]string{dialect.SQLite: "RANDOM() > 0", dialect.Postgres: "RANDOM() > 0.5", dialect.MySQL: "RAND() > 0.5"}
					s.Where(entsql.ExprP(half[s.Dialect()]))
				}).SetTitle("new").Save(ctx)
			}},
			{"delete", 1, func(c *gen.Client) (int, error) { return c.Post.Delete().Where(post.TitleEQ(""), anyOne).Exec(ctx) }},
		} {
			for range 4 {
				b.fill(t)
				before := b.pages(t)
				n, err := test.save(b.Client)
				if err != nil {
					t.Fatalf("%s: %v", test.name, err)
				}
				changed, _ := b.wantFresh(t, test.name, before)
				if test.rows >= 0 && n != test.rows || changed > n {
					t.Errorf("%s: returned %d, and %d pages have changed; want %d", test.name, n, changed, test.rows)
				}
			}
		}
	})
}

// While a statement waits, others change what its condition reads, in its table or in
// another.
func TestConditionReadsWhatOthersChange(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		var between func()
		b.Post.Use(func(next ent.Mutator) ent.Mutator { // runs when the rows were read
			return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
				if between != nil && m.Op().Is(ent.OpUpdate|ent.OpDelete) {
					between()
				}
				return next.Mutate(ctx, m)
			})
		})
		for _, test := range []struct {
			name, between string
			save          func() (int, error)
		}{
			{"another table", "UPDATE authors SET name = CASE name WHEN 'ada' THEN 'bob' ELSE 'ada' END", func() (int, error) {
				return b.Post.Update().Where(post.HasAuthorWith(author.Name("ada"))).SetTitle("new").Save(ctx)
			}},
			{"another table, for a deletion", "UPDATE authors SET name = CASE name WHEN 'ada' THEN 'bob' ELSE 'ada' END", func() (int, error) {
				return b.Post.Delete().Where(post.HasAuthorWith(author.Name("ada")), post.Not(post.HasTags())).Exec(ctx)
			}},
			{"a row that is new", "INSERT INTO posts (slug, title, author_id) VALUES ('new', 'late', NULL)", func() (int, error) {
				return b.Post.Update().Where(post.Or(post.Slug("c"), post.TitleEQ("late"))).SetTitle("new").Save(ctx)
			}},
			{"a row that is new beside one that stays as it is", "INSERT INTO posts (slug, title, author_id) VALUES ('new', 'late', NULL)", func() (int, error) {
				return b.Post.Update().Where(post.Or(post.Slug("c"), post.TitleEQ("late"))).SetTitle("").Save(ctx)
			}},
		} {
			if b.drv.Dialect() == dialect.MySQL && strings.HasPrefix(test.between, "INSERT") {
				continue // it locks the gaps
			}
			between = nil
			b.fill(t)
			bob := b.Author.Query().Where(author.Name("bob")).OnlyX(ctx)
			b.Post.Update().Where(post.SlugGT("m")).SetAuthor(bob).ExecX(ctx)
			b.Purged = nil
			var before map[string]map[string]string
			between = func() {
				if _, err := b.db.Exec(test.between); err != nil {
					t.Error(err)
				}
				before = b.pages(t)
			}
			if _, err := test.save(); err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
			if n, _ := b.wantFresh(t, test.name, before); n == 0 && !strings.Contains(test.name, "new") && b.drv.Dialect() != dialect.MySQL {
				t.Errorf("%s: nothing has changed", test.name)
			}
		}
	}, "sqlite3") // nobody else can write in between
}

// A builder may be used twice, and a hook may ask for the IDs and add conditions.
func TestMutationIsGivenBack(t *testing.T) {
	each(t, enthook.Options{}, func(t *testing.T, b *blog) {
		ctx := t.Context()
		b.fill(t)
		var hooked bool
		b.Post.Use(func(next ent.Mutator) ent.Mutator {
			return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
				if p := m.(*gen.PostMutation); hooked && p.Op().Is(ent.OpUpdate) {
					ids, err := p.IDs(ctx)
					if err != nil || len(ids) != 26 {
						t.Errorf("a hook finds %d rows, %v; want 26", len(ids), err)
					}
					p.Where(post.SlugIn("a", "b"))
				}
				return next.Mutate(ctx, m)
			})
		})
		update := b.Post.Update().Where(post.TitleEQ("")).SetTitle("new")
		hooked = true
		if n := update.SaveX(ctx); n != 2 {
			t.Errorf("%d rows were changed, want 2", n)
		}
		hooked = false
		b.Post.Update().SetTitle("").ExecX(ctx)
		b.Post.Create().SetSlug("late").ExecX(ctx)
		b.Purged = nil
		again := b.Post.Update().Where(post.SlugGT("y")).SetTitle("new")
		if n := again.SaveX(ctx); n != 1 {
			t.Errorf("%d rows were changed, want 1", n)
		}
		b.Post.Create().SetSlug("zz").ExecX(ctx)
		b.Purged = nil
		if n := again.SetTitle("newer").SaveX(ctx); n != 2 {
			t.Errorf("the second time %d rows were changed, want 2", n)
		}
		b.Want(t, "path:/z path:/zz")
		if n := b.Post.Update().Where(post.Slug("no such")).SetTitle("new").SaveX(ctx); n != 0 {
			t.Errorf("%d rows were changed, want none", n)
		}
		b.Want(t)
		tx := must(b.Tx(ctx))
		if err := tx.Post.UpdateOneID(-1).SetTitle("new").Exec(ctx); !gen.IsNotFound(err) {
			t.Errorf("an update of no row: got %v", err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		b.Want(t)
	})
}

// More rows than a statement takes parameters.
func TestManyRows(t *testing.T) {
	b := newBlog(t, openSQLite(t), dialect.SQLite, enthook.Options{})
	ctx := t.Context()
	enthook.Load(b.drv, func(_ context.Context, _ *gen.PostMutation, ids []int) ([]*gen.Post, error) {
		var all []*gen.Post
		for _, id := range ids {
			all = append(all, &gen.Post{ID: id, Slug: fmt.Sprint(id)})
		}
		return all, nil
	})
	_, err := b.db.Exec("INSERT INTO posts (slug, title) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) SELECT i, '' FROM n")
	if err != nil {
		t.Fatal(err)
	}
	if n := b.Post.Update().SetTitle("new").SaveX(ctx); n != 40_000 {
		t.Errorf("%d rows were changed", n)
	}
	if got := merged(b.Purged); !strings.Contains(got, "all:") {
		t.Error("not everything was purged")
	}
}
