package bunhook_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"github.com/uncache/uncache/keys/route"
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

// A shelf is a database with stories, the first without a slug, and what was purged.
type shelf struct {
	*bun.DB
	hook *bunhook.Hook
	inv  *invalidate.Invalidator

	*invtest.Recorder
}

func eachShelf(t *testing.T, opts bunhook.Options, rule func(*Story, *invalidate.Targets), test func(t *testing.T, s *shelf), except ...string) {
	for _, d := range databases {
		if slices.Contains(except, d.name) {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			s := &shelf{Recorder: new(invtest.Recorder)}
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

// want fails unless this is all that was purged.
func (s *shelf) want(t *testing.T, want string) {
	t.Helper()
	if got := strings.Join(slices.Compact(s.TakeNames()), " "); got != want {
		t.Errorf("purged %q, want %q", got, want)
	}
}

func ofSlug(s *Story, to *invalidate.Targets) { to.Route(storyPage, s.Slug) }

// A row that no page can have can be repaired and deleted, and touched by what changes
// many.
func TestRowThatNoPageCanHave(t *testing.T) {
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
					except = []string{"mysql"} // bun's Bulk is of MySQL 8, and no SQL of MariaDB's
				}
				eachShelf(t, bunhook.Options{}, ofSlug, func(t *testing.T, s *shelf) {
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
func TestRowThatADeleteReturns(t *testing.T) {
	eachShelf(t, bunhook.Options{}, ofSlug, func(t *testing.T, s *shelf) {
		var gone []*Story
		if _, err := s.NewDelete().Model(&gone).Where("id <= 2").ForceDelete().Returning("*").Exec(t.Context()); err != nil || len(s.Failed) > 0 {
			t.Fatalf("got %v, and Failed was told %v", err, s.Failed)
		}
		s.want(t, "path:/story/b/")
	}, "mysql") // it returns no rows
}

// A write that breaks a row is an error, and is rolled back. A model that was not loaded
// may be no more than a key: that it names nothing is no proof.
func TestWriteThatTakesTheURLAway(t *testing.T) {
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
			eachShelf(t, bunhook.Options{}, ofSlug, func(t *testing.T, s *shelf) {
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
	eachShelf(t, bunhook.Options{NoLoad: true}, ofSlug, func(t *testing.T, s *shelf) {
		err := s.hook.InTx(t.Context(), s.DB, nil, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewDelete().Model(&Story{ID: 2}).WherePK().Exec(ctx)
			return err
		})
		if err == nil {
			t.Error("NoLoad, delete by a key alone: no error, and nothing is purged")
		}
	})
}

// A relation that the rule reads and that was not loaded is named, and how to load it.
func TestRelationThatWasNotLoaded(t *testing.T) {
	tests := []struct {
		name, field string
		rule        func(*Story, *invalidate.Targets)
	}{
		{"a field", "Section", func(s *Story, to *invalidate.Targets) { to.Route(storyPage, s.Section.Slug) }},
		{"a model", "Section", func(s *Story, to *invalidate.Targets) { to.Model(s.Section) }},
		{"the first of many", "Facts", func(s *Story, to *invalidate.Targets) { to.Group(s.Facts[0].Name) }},
	}
	writes := map[string]func(ctx context.Context, db bun.IDB) error{
		"insert": func(ctx context.Context, db bun.IDB) error {
			_, err := db.NewInsert().Model(&Story{ID: 9, Slug: "x", SectionID: 1}).Exec(ctx)
			return err
		},
		"update": func(ctx context.Context, db bun.IDB) error {
			_, err := db.NewUpdate().Model(&Story{ID: 2, Slug: "x"}).Column("slug").WherePK().Exec(ctx)
			return err
		},
		"delete": func(ctx context.Context, db bun.IDB) error {
			_, err := db.NewDelete().Model(&Story{ID: 2}).WherePK().ForceDelete().Exec(ctx)
			return err
		},
	}
	for _, tt := range tests {
		for name, write := range writes {
			if name == "insert" && tt.field == "Facts" {
				continue // a new row has none: the rule is at fault
			}
			t.Run(tt.name+", "+name, func(t *testing.T) {
				eachShelf(t, bunhook.Options{}, tt.rule, func(t *testing.T, s *shelf) {
					invalidate.Register(s.inv, func(s *Section, to *invalidate.Targets) { to.Group(s.Slug) })
					err := s.hook.InTx(t.Context(), s.DB, nil, func(ctx context.Context, tx bun.Tx) error { return write(ctx, tx) })
					field, how := "bunhook_test.Story."+tt.field+" was not loaded", `q.Relation("`+tt.field+`")`
					if !errors.Is(err, invalidate.ErrNotLoaded) || !strings.Contains(err.Error(), field) || !strings.Contains(err.Error(), how) {
						t.Errorf("got %v, want it to say %q and %q", err, field, how)
					}
					s.want(t, "")
				})
			})
		}
	}
	load := func(q *bun.SelectQuery) *bun.SelectQuery { return q.Relation("Section") }
	eachShelf(t, bunhook.Options{Select: load}, tests[0].rule, func(t *testing.T, s *shelf) {
		err := s.hook.InTx(t.Context(), s.DB, nil, func(ctx context.Context, tx bun.Tx) error {
			return errors.Join(writes["update"](ctx, tx), writes["delete"](ctx, tx))
		})
		if err != nil {
			t.Errorf("with Select: %v", err)
		}
		s.want(t, "path:/story/news/")
	})
}
