package bunhook_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"github.com/uncache/uncache/keys/route"
	"github.com/uptrace/bun"
)

var storyPage = route.MustParse("GET /story/{slug}/{$}")

type Section struct {
	bun.BaseModel `bun:"table:sections"`

	ID   int64 `bun:",pk"`
	Slug string
}

// A Story has a page, unless its slug is empty.
type Story struct {
	bun.BaseModel `bun:"table:stories"`

	ID        int64 `bun:",pk"`
	Slug      string
	Kind      string
	SectionID int64    `bun:",nullzero"`
	Section   *Section `bun:"rel:belongs-to,join:section_id=id"`
	Facts     []*Facts `bun:"rel:has-many,join:id=story_id"`

	DeletedAt time.Time `bun:",soft_delete,nullzero"`
}

type Facts struct {
	bun.BaseModel `bun:"table:facts"`

	ID      int64 `bun:",pk"`
	StoryID int64
	Name    string
}

// A storyTest is a database with stories, the first without a slug, and what was
// purged.
type storyTest struct {
	*bun.DB
	hook *bunhook.Hook
	inv  *invalidate.Invalidator

	*invtest.Recorder
}

func eachStory(t *testing.T, opts bunhook.Options, rule func(*Story, *invalidate.Targets), test func(t *testing.T, s *storyTest), except ...string) {
	for _, d := range databases {
		if slices.Contains(except, d.name) {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			s := &storyTest{Recorder: new(invtest.Recorder)}
			s.inv = invalidate.New(s.Recorder, &invalidate.Options{Observe: s.Observe})
			opts.Failed = s.Fail
			s.hook = bunhook.New(s.inv, &opts)
			db := bun.NewDB(d.open(t), d.dialect())
			ctx := t.Context()
			for _, model := range []any{(*Section)(nil), (*Story)(nil), (*Facts)(nil)} {
				if _, err := db.NewCreateTable().Model(model).Exec(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := db.NewInsert().Model(&Section{ID: 1, Slug: "news"}).Exec(ctx); err != nil {
				t.Fatal(err)
			}
			stories := []*Story{{ID: 1, SectionID: 1}, {ID: 2, Slug: "b", SectionID: 1}, {ID: 3, Slug: "c", SectionID: 1}}
			if _, err := db.NewInsert().Model(&stories).Exec(ctx); err != nil {
				t.Fatal(err)
			}
			invalidate.Register(s.inv, rule)
			s.DB = db.WithQueryHook(s.hook)
			test(t, s)
		})
	}
}

// want fails unless this is everything that was purged.
func (s *storyTest) want(t *testing.T, want string) {
	t.Helper()
	if got := strings.Join(slices.Compact(s.TakeNames()), " "); got != want {
		t.Errorf("purged %q, want %q", got, want)
	}
}

func ofSlug(s *Story, to *invalidate.Targets) { to.Route(storyPage, s.Slug) }

// A row that no page can have can be repaired and deleted, and changed with many
// others.
func TestRowWithoutPage(t *testing.T) {
	tests := []struct {
		name  string
		write func(ctx context.Context, db bun.IDB) error
		want  string
		bulk  bool
	}{
		{"update by key", func(ctx context.Context, db bun.IDB) error {
			_, err := db.NewUpdate().Model(&Story{ID: 1, Slug: "a"}).Column("slug").WherePK().Exec(ctx)
			return err
		}, "path:/story/a/", false},
		{"update in bulk", func(ctx context.Context, db bun.IDB) error {
			_, err := db.NewUpdate().Model(&[]*Story{{ID: 1, Slug: "a"}, {ID: 2, Slug: "x"}}).Column("slug").Bulk().Exec(ctx)
			return err
		}, "path:/story/a/ path:/story/b/ path:/story/x/", true},
		{"a column that is not the slug", func(ctx context.Context, db bun.IDB) error {
			_, err := db.NewUpdate().Model(&[]*Story{{ID: 1, Kind: "x"}, {ID: 2, Kind: "x"}}).Column("kind").Bulk().Exec(ctx)
			return err
		}, "path:/story/b/", true},
		{"delete, softly", func(ctx context.Context, db bun.IDB) error {
			_, err := db.NewDelete().Model(&Story{ID: 1}).WherePK().Exec(ctx)
			return err
		}, "", false},
		{"delete for good", func(ctx context.Context, db bun.IDB) error {
			_, err := db.NewDelete().Model(&Story{ID: 1}).WherePK().ForceDelete().Exec(ctx)
			return err
		}, "", false},
		{"an upsert", func(ctx context.Context, db bun.IDB) error {
			q := db.NewInsert().Model(&Story{ID: 1, Slug: "a"})
			if db.Dialect().Name().String() == "mysql" {
				q = q.On("DUPLICATE KEY UPDATE slug = VALUES(slug)")
			} else {
				q = q.On("CONFLICT (id) DO UPDATE").Set("slug = EXCLUDED.slug")
			}
			_, err := q.Exec(ctx)
			return err
		}, "path:/story/a/", false},
		{"an upsert of a row as broken", func(ctx context.Context, db bun.IDB) error {
			q := db.NewInsert().Model(&Story{ID: 1, Kind: "x"})
			if db.Dialect().Name().String() == "mysql" {
				q = q.On("DUPLICATE KEY UPDATE kind = VALUES(kind)")
			} else {
				q = q.On("CONFLICT (id) DO UPDATE").Set("kind = EXCLUDED.kind")
			}
			_, err := q.Exec(ctx)
			return err
		}, "", false},
	}
	for _, tt := range tests {
		for _, inTx := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, in a transaction %v", tt.name, inTx), func(t *testing.T) {
				var except []string
				if tt.bulk {
					except = []string{"mysql"} // bun's Bulk is for MySQL 8, and not MariaDB's SQL
				}
				eachStory(t, bunhook.Options{}, ofSlug, func(t *testing.T, s *storyTest) {
					var err error
					if inTx {
						err = s.hook.InTx(t.Context(), s.DB, nil, func(ctx context.Context, tx bun.Tx) error { return tt.write(ctx, tx) })
					} else {
						err = tt.write(t.Context(), s.DB)
					}
					if err != nil || len(s.Failed) > 0 {
						t.Fatalf("got %v, and Failed was told %v, want no error", err, s.Failed)
					}
					s.want(t, tt.want)
					if len(s.Unnamed) == 0 {
						t.Error("Observe was told of no row that could not be named")
					}
				}, except...)
			})
		}
	}
}

// A row that a DELETE returns is as it was.
func TestRowsThatDeleteReturns(t *testing.T) {
	eachStory(t, bunhook.Options{}, ofSlug, func(t *testing.T, s *storyTest) {
		var gone []*Story
		if _, err := s.NewDelete().Model(&gone).Where("id <= 2").ForceDelete().Returning("*").Exec(t.Context()); err != nil || len(s.Failed) > 0 {
			t.Fatalf("got %v, and Failed was told %v", err, s.Failed)
		}
		s.want(t, "path:/story/b/")
	}, "mysql") // it returns no rows
}

// A write that breaks a row is an error, and is rolled back. A model that was not
// loaded may be no more than a key: that it names nothing proves nothing.
func TestWriteRemovesURL(t *testing.T) {
	for name, write := range map[string]func(ctx context.Context, db bun.IDB) error{
		"insert": func(ctx context.Context, db bun.IDB) error {
			_, err := db.NewInsert().Model(&Story{ID: 9}).Exec(ctx)
			return err
		},
		"update": func(ctx context.Context, db bun.IDB) error {
			_, err := db.NewUpdate().Model(&Story{ID: 2}).Column("slug").WherePK().Exec(ctx)
			return err
		},
		"broken in another way": func(ctx context.Context, db bun.IDB) error {
			_, err := db.NewUpdate().Model(&Story{ID: 1, Slug: ".."}).Column("slug").WherePK().Exec(ctx)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachStory(t, bunhook.Options{}, ofSlug, func(t *testing.T, s *storyTest) {
				err := s.hook.InTx(t.Context(), s.DB, nil, func(ctx context.Context, tx bun.Tx) error { return write(ctx, tx) })
				if err == nil || !strings.Contains(err.Error(), "segment") {
					t.Errorf("got %v, want an error about a segment", err)
				}
				s.want(t, "")
				if n, err := s.NewSelect().Model((*Story)(nil)).Where("slug IN ('b', 'c')").Count(t.Context()); n != 2 || err != nil {
					t.Errorf("it was not rolled back: %d, %v", n, err)
				}
			})
		})
	}
	eachStory(t, bunhook.Options{NoLoad: true}, ofSlug, func(t *testing.T, s *storyTest) {
		err := s.hook.InTx(t.Context(), s.DB, nil, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewDelete().Model(&Story{ID: 2}).WherePK().Exec(ctx)
			return err
		})
		if err == nil {
			t.Error("NoLoad, delete by a key alone: no error, and nothing is purged")
		}
	})
}
