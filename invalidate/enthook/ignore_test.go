package enthook_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"entgo.io/ent"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen/hook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen/like"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen/post"
)

var ignoreTitle = enthook.Options{Ignore: map[string][]string{"Post": {post.FieldTitle}, "Like": {like.FieldStars}}}

// An update that only sets ignored fields purges nothing. Everything else counts.
func TestIgnore(t *testing.T) {
	tests := []struct {
		name   string
		write  func(ctx context.Context, s *storyTest, b int) error
		counts bool
	}{
		{"UpdateOneID", func(ctx context.Context, s *storyTest, b int) error {
			return s.Post.UpdateOneID(b).SetTitle("x").Exec(ctx)
		}, false},
		{"Update by condition", func(ctx context.Context, s *storyTest, _ int) error {
			return s.Post.Update().Where(post.SlugNEQ("")).SetTitle("x").Exec(ctx)
		}, false},
		{"in a transaction", func(ctx context.Context, s *storyTest, b int) error {
			return enthook.InTx(ctx, s.Client.Tx, func(ctx context.Context, tx *gen.Tx) error {
				return tx.Post.UpdateOneID(b).SetTitle("x").Exec(ctx)
			})
		}, false},
		{"a number that is added", func(ctx context.Context, s *storyTest, b int) error {
			return s.Like.Update().Where(like.PostID(b)).AddStars(1).Exec(ctx)
		}, false},
		{"another field beside", func(ctx context.Context, s *storyTest, b int) error {
			return s.Post.UpdateOneID(b).SetTitle("x").SetSlug("x").Exec(ctx)
		}, true},
		{"a field that is cleared beside", func(ctx context.Context, s *storyTest, b int) error {
			return s.Post.UpdateOneID(b).SetTitle("x").ClearAuthorID().Exec(ctx)
		}, true},
		{"an edge beside", func(ctx context.Context, s *storyTest, b int) error {
			return s.Post.UpdateOneID(b).SetTitle("x").ClearTags().Exec(ctx)
		}, true},
		{"a create", func(ctx context.Context, s *storyTest, _ int) error {
			return s.Post.Create().SetSlug("new").SetTitle("x").Exec(ctx)
		}, true},
		{"an upsert of an ignored field", func(ctx context.Context, s *storyTest, _ int) error {
			q := s.Post.Create().SetSlug("b").SetTitle("x")
			if s.drv.Dialect() == "mysql" {
				return q.OnConflict().UpdateTitle().Exec(ctx)
			}
			return q.OnConflictColumns(post.FieldSlug).UpdateTitle().Exec(ctx)
		}, true},
		{"a delete", func(ctx context.Context, s *storyTest, b int) error {
			_, err := s.Post.Delete().Where(post.Slug("c")).Exec(ctx)
			return err
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			eachStory(t, ignoreTitle, ofSlug, func(t *testing.T, s *storyTest) {
				invalidate.Register(s.inv, func(l *gen.Like, to *invalidate.Targets) { to.Group(fmt.Sprint("likes of ", l.PostID)) })
				b := s.id(t, "b")
				s.Like.Create().SetPostID(b).SetAuthorID(s.Author.Query().OnlyIDX(t.Context())).SaveX(t.Context())
				s.Purged = nil
				if err := tt.write(t.Context(), s, b); err != nil {
					t.Fatal(err)
				}
				if got := len(s.Purged) > 0; got != tt.counts {
					t.Errorf("purged %q, want any: %v", s.Purged, tt.counts)
				}
				if tt.counts {
					return
				}
				changed := s.Post.Query().Where(post.Title("x")).CountX(t.Context()) + s.Like.Query().Where(like.Stars(2)).CountX(t.Context())
				if changed == 0 {
					t.Error("nothing was updated")
				}
			})
		})
	}
}

// A field that a hook adds after this one has looked was not read: everything is
// purged.
func TestIgnoreWithLaterHook(t *testing.T) {
	for name, add := range map[string]func(ctx context.Context, s *storyTest, m *gen.PostMutation) error{
		"a field": func(_ context.Context, _ *storyTest, m *gen.PostMutation) error { m.SetSlug("late"); return nil },
		"an edge": func(_ context.Context, _ *storyTest, m *gen.PostMutation) error { m.ClearTags(); return nil },
		"a statement of its own": func(ctx context.Context, s *storyTest, _ *gen.PostMutation) error {
			_, err := s.drv.ExecContext(ctx, "UPDATE posts SET title = 'x', slug = 'late' WHERE slug = 'b'")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachStory(t, ignoreTitle, ofSlug, func(t *testing.T, s *storyTest) {
				s.Post.Use(func(next ent.Mutator) ent.Mutator {
					return hook.PostFunc(func(ctx context.Context, m *gen.PostMutation) (ent.Value, error) {
						if err := add(ctx, s, m); err != nil {
							return nil, err
						}
						return next.Mutate(ctx, m)
					})
				})
				if err := s.Post.UpdateOneID(s.id(t, "b")).SetTitle("x").Exec(t.Context()); err != nil {
					t.Fatal(err)
				}
				s.want(t, "all:")
			})
		})
	}
}

// A hook that saves another row inside is seen like any other save.
func TestSaveInsideIgnoredSave(t *testing.T) {
	eachStory(t, ignoreTitle, ofSlug, func(t *testing.T, s *storyTest) {
		b, c := s.id(t, "b"), s.id(t, "c")
		s.Post.Use(func(next ent.Mutator) ent.Mutator {
			return hook.PostFunc(func(ctx context.Context, m *gen.PostMutation) (ent.Value, error) {
				if title, _ := m.Title(); title == "x" {
					if err := m.Client().Post.UpdateOneID(c).SetSlug("d").Exec(ctx); err != nil {
						return nil, err
					}
				}
				return next.Mutate(ctx, m)
			})
		})
		if err := s.Post.UpdateOneID(b).SetTitle("x").Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.want(t, "path:/story/c/ path:/story/d/")
	})
}

// A name that is no field is an error of each save of its type.
func TestIgnoreNamesNoField(t *testing.T) {
	for _, name := range []string{"titel", "id", "Title"} {
		t.Run(name, func(t *testing.T) {
			eachStory(t, enthook.Options{Ignore: map[string][]string{"Post": {post.FieldTitle, name}}}, ofSlug, func(t *testing.T, s *storyTest) {
				for op, err := range map[string]error{
					"create": s.Post.Create().SetSlug("x").Exec(t.Context()),
					"update": s.Post.Update().SetTitle("x").Exec(t.Context()),
				} {
					if err == nil || !strings.Contains(err.Error(), `enthook: Options.Ignore["Post"]: "`+name+`" is no field`) {
						t.Errorf("%s: got %v, want it to name the field", op, err)
					}
				}
				s.want(t, "")
			})
		})
	}
}
