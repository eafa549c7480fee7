package enthook_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen/post"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"github.com/uncache/uncache/keys/route"
)

var storyPage = route.MustParse("GET /story/{slug}/{$}")

// A storyTest is a database with posts, the first without a slug, and what was purged.
type storyTest struct {
	*gen.Client
	drv *enthook.Driver
	inv *invalidate.Invalidator

	*invtest.Recorder
}

// eachStory makes a storyTest in each database, with this rule for posts.
func eachStory(t *testing.T, opts enthook.Options, rule func(*gen.Post, *invalidate.Targets), test func(t *testing.T, s *storyTest), except ...string) {
	for _, d := range databases {
		if slices.Contains(except, d.dialect) {
			continue
		}
		t.Run(d.dialect, func(t *testing.T) {
			db := d.open(t)
			s := &storyTest{Recorder: new(invtest.Recorder)}
			s.inv = invalidate.New(s.Recorder, &invalidate.Options{Observe: s.Observe})
			opts.Failed = func(_ context.Context, err error) { t.Error(err) }
			s.drv = enthook.New(entsql.OpenDB(d.dialect, db), s.inv, &opts)
			s.Client = gen.NewClient(gen.Driver(s.drv))
			if err := s.Schema.Create(t.Context()); err != nil {
				t.Fatal(err)
			}
			ctx := t.Context() // without the hook yet
			ada := s.Author.Create().SetName("ada").SaveX(ctx)
			tag := s.Tag.Create().SetName("go").SaveX(ctx)
			for _, slug := range []string{"", "b", "c"} {
				s.Post.Create().SetSlug(slug).SetAuthor(ada).AddTags(tag).SaveX(ctx)
			}
			invalidate.Register(s.inv, rule)
			s.Use(s.drv.Hook)
			test(t, s)
		})
	}
}

// want fails unless this is everything that was purged.
func (s *storyTest) want(t *testing.T, want string) {
	t.Helper()
	if got := strings.Join(s.TakeNames(), " "); got != want {
		t.Errorf("purged %q, want %q", got, want)
	}
}

func (s *storyTest) id(t *testing.T, slug string) int {
	t.Helper()
	return s.Post.Query().Where(post.Slug(slug)).OnlyIDX(t.Context())
}

func ofSlug(p *gen.Post, to *invalidate.Targets) { to.Route(storyPage, p.Slug) }

// A row that no page can have can be repaired and deleted, and changed with many
// others.
func TestRowWithoutPage(t *testing.T) {
	tests := []struct {
		name  string
		write func(ctx context.Context, s *storyTest, broken int) error
		want  string
	}{
		{"UpdateOneID", func(ctx context.Context, s *storyTest, broken int) error {
			return s.Post.UpdateOneID(broken).SetSlug("a").Exec(ctx)
		}, "path:/story/a/"},
		{"Update by condition", func(ctx context.Context, s *storyTest, _ int) error {
			return s.Post.Update().Where(post.Slug("")).SetSlug("a").Exec(ctx)
		}, "path:/story/a/"},
		{"DeleteOneID", func(ctx context.Context, s *storyTest, broken int) error {
			return s.Post.DeleteOneID(broken).Exec(ctx)
		}, ""},
		{"Delete by condition", func(ctx context.Context, s *storyTest, _ int) error {
			_, err := s.Post.Delete().Where(post.SlugIn("", "b")).Exec(ctx)
			return err
		}, "path:/story/b/"},
		{"an update of all", func(ctx context.Context, s *storyTest, _ int) error {
			return s.Post.Update().SetTitle("x").Exec(ctx)
		}, "path:/story/b/ path:/story/c/"},
		{"a column that is not the slug", func(ctx context.Context, s *storyTest, broken int) error {
			return s.Post.UpdateOneID(broken).SetTitle("x").Exec(ctx)
		}, ""},
		{"an upsert", func(ctx context.Context, s *storyTest, _ int) error {
			return s.Post.Create().SetSlug("").SetTitle("x").OnConflictColumns(post.FieldSlug).UpdateTitle().Exec(ctx)
		}, ""},
		{"by an edge of its tag", func(ctx context.Context, s *storyTest, broken int) error {
			return s.Tag.Update().RemovePostIDs(broken).Exec(ctx)
		}, "path:/story/b/ path:/story/c/"},
		{"by an edge that is added", func(ctx context.Context, s *storyTest, broken int) error {
			return s.Tag.Create().SetName("sql").AddPostIDs(broken).Exec(ctx)
		}, ""},
		{"in a transaction", func(ctx context.Context, s *storyTest, broken int) error {
			return enthook.InTx(ctx, s.Client.Tx, func(ctx context.Context, tx *gen.Tx) error {
				return tx.Post.UpdateOneID(broken).SetSlug("a").Exec(ctx)
			})
		}, "path:/story/a/"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var except []string
			if tt.name == "an upsert" {
				except = []string{"mysql"} // there an upsert is asked about as it was given, too
			}
			eachStory(t, enthook.Options{}, ofSlug, func(t *testing.T, s *storyTest) {
				broken := s.id(t, "")
				if err := tt.write(t.Context(), s, broken); err != nil {
					t.Fatalf("got %v, want no error", err)
				}
				s.want(t, tt.want)
				if len(s.Unnamed) == 0 {
					t.Error("Observe was told of no row that could not be named")
				}
			}, except...)
		})
	}
}

// A write that breaks a row is an error, and is rolled back.
func TestWriteRemovesURL(t *testing.T) {
	for name, write := range map[string]func(ctx context.Context, s *storyTest) error{
		"Create": func(ctx context.Context, s *storyTest) error { return s.Post.Create().SetSlug("..").Exec(ctx) },
		"Update": func(ctx context.Context, s *storyTest) error {
			return s.Post.Update().Where(post.Slug("b")).SetSlug(".").Exec(ctx)
		},
		"broken in another way": func(ctx context.Context, s *storyTest) error {
			return s.Post.Update().Where(post.Slug("")).SetSlug(".").Exec(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachStory(t, enthook.Options{}, ofSlug, func(t *testing.T, s *storyTest) {
				if err := write(t.Context(), s); err == nil || !strings.Contains(err.Error(), "a dot segment") {
					t.Errorf("got %v, want an error about a dot segment", err)
				}
				s.want(t, "")
				if n := s.Post.Query().Where(post.SlugIn("", "b", "c")).CountX(t.Context()); n != 3 {
					t.Error("it was not rolled back")
				}
			})
		})
	}
}

// If the rule panics for the row as it was, the row can be deleted nevertheless.
func TestRulePanicsForOldRow(t *testing.T) {
	rule := func(p *gen.Post, to *invalidate.Targets) { to.Path("/story/" + p.Slug[:1]) }
	eachStory(t, enthook.Options{}, rule, func(t *testing.T, s *storyTest) {
		if err := s.Post.DeleteOneID(s.id(t, "")).Exec(t.Context()); err != nil {
			t.Error(err)
		}
		s.want(t, "all:")
	})
}

// The error names an edge that the rule reads and that was not loaded, and how to load
// it.
func TestUnloadedEdge(t *testing.T) {
	tests := []struct {
		name, field string
		rule        func(*gen.Post, *invalidate.Targets)
	}{
		{"a field", "Author", func(p *gen.Post, to *invalidate.Targets) { to.Group(p.Edges.Author.Name) }},
		{"a model", "Author", func(p *gen.Post, to *invalidate.Targets) { to.Model(p.Edges.Author) }},
		{"the first of many", "Tags", func(p *gen.Post, to *invalidate.Targets) { to.Group(p.Edges.Tags[0].Name) }},
	}
	writes := map[string]func(ctx context.Context, s *storyTest, b int) error{
		"Create": func(ctx context.Context, s *storyTest, _ int) error { return s.Post.Create().SetSlug("x").Exec(ctx) },
		"Update": func(ctx context.Context, s *storyTest, b int) error {
			return s.Post.UpdateOneID(b).SetSlug("x").Exec(ctx)
		},
		"Delete": func(ctx context.Context, s *storyTest, b int) error { return s.Post.DeleteOneID(b).Exec(ctx) },
	}
	for _, tt := range tests {
		for name, write := range writes {
			t.Run(tt.name+", "+name, func(t *testing.T) {
				eachStory(t, enthook.Options{}, tt.rule, func(t *testing.T, s *storyTest) {
					invalidate.Register(s.inv, func(a *gen.Author, to *invalidate.Targets) { to.Group(a.Name) })
					b := s.id(t, "b")
					err := write(t.Context(), s, b)
					field, how := "gen.Post.Edges."+tt.field+" was not loaded", "With"+tt.field
					if !errors.Is(err, invalidate.ErrNotLoaded) || !strings.Contains(err.Error(), field) || !strings.Contains(err.Error(), how) {
						t.Errorf("got %v, want it to say %q and %q", err, field, how)
					}
					s.want(t, "")
					if n := s.Post.Query().Where(post.SlugIn("", "b", "c")).CountX(t.Context()); n != 3 {
						t.Error("it was not rolled back")
					}
					enthook.Load(s.drv, func(ctx context.Context, m *gen.PostMutation, ids []int) ([]*gen.Post, error) {
						return m.Client().Post.Query().Where(post.IDIn(ids...)).WithAuthor().WithTags().All(ctx)
					})
					if name == "Create" {
						return // it has neither an author nor tags
					}
					if err := write(t.Context(), s, b); err != nil {
						t.Errorf("with Load: %v", err)
					}
				})
			})
		}
	}
}
