package bunhook_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
)

// An UPDATE that only sets ignored columns purges nothing. Everything else counts.
func TestIgnore(t *testing.T) {
	type write = func(ctx context.Context, db bun.IDB) error
	update := func(f func(q *bun.UpdateQuery) *bun.UpdateQuery) write {
		return func(ctx context.Context, db bun.IDB) error {
			_, err := f(db.NewUpdate()).Exec(ctx)
			return err
		}
	}
	tests := []struct {
		name   string
		write  write
		counts bool
	}{
		{"Column", update(func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Model(&Story{ID: 2, Kind: "it's, slug = 'x'"}).Column("kind").WherePK()
		}), false},
		{"Set", update(func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Model((*Story)(nil)).Set("kind = upper(kind)").Where("id = 2")
		}), false},
		{"OmitZero", update(func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Model(&Story{ID: 2, Kind: "x"}).OmitZero().WherePK()
		}), false},
		{"without a model", update(func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Table("stories").Set("kind = ?", "x").Where("id = 2")
		}), false},
		{"another column beside", update(func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Model(&Story{ID: 2, Kind: "x", Slug: "x"}).Column("kind", "slug").WherePK()
		}), true},
		{"Set of another beside", update(func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Model((*Story)(nil)).Set("kind = 'x'").Set("slug = 'x'").Where("id = 2")
		}), true},
		{"all columns", update(func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Model(&Story{ID: 2, Kind: "x", Slug: "b"}).WherePK()
		}), true},
		{"the column that marks it as deleted", update(func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Model(&Story{ID: 2, DeletedAt: time.Unix(1e9, 0)}).Column("deleted_at").WhereAllWithDeleted().WherePK()
		}), true},
		{"an insert", func(ctx context.Context, db bun.IDB) error {
			_, err := db.NewInsert().Model(&Story{ID: 9, Slug: "x"}).Exec(ctx)
			return err
		}, true},
		{"an upsert of an ignored column", func(ctx context.Context, db bun.IDB) error {
			q := db.NewInsert().Model(&Story{ID: 2, Slug: "b", Kind: "x"})
			if db.Dialect().Name().String() == "mysql" {
				q = q.On("DUPLICATE KEY UPDATE kind = VALUES(kind)")
			} else {
				q = q.On("CONFLICT (id) DO UPDATE").Set("kind = EXCLUDED.kind")
			}
			_, err := q.Exec(ctx)
			return err
		}, true},
		{"a delete", func(ctx context.Context, db bun.IDB) error {
			_, err := db.NewDelete().Model(&Story{ID: 2}).WherePK().Exec(ctx)
			return err
		}, true},
	}
	opts := bunhook.Options{Ignore: map[string][]string{"stories": {"kind"}}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			eachStory(t, opts, ofSlug, func(t *testing.T, s *storyTest) {
				invalidate.Register(s.inv, func(t bunhook.Table, to *invalidate.Targets) { to.Group(t.Name) })
				outside := tt.write(t.Context(), s.DB)
				first := len(s.Purged)
				inside := s.hook.InTx(t.Context(), s.DB, nil, func(ctx context.Context, tx bun.Tx) error {
					if tt.name == "an insert" || tt.name == "a delete" {
						return nil // nothing is left to do
					}
					return tt.write(ctx, tx)
				})
				if outside != nil || inside != nil || len(s.Failed) > 0 {
					t.Fatalf("got %v and %v, and Failed was told %v", outside, inside, s.Failed)
				}
				if got := first > 0; got != tt.counts || !tt.counts && len(s.Purged) > 0 {
					t.Errorf("purged %q, want any: %v", s.Purged, tt.counts)
				}
			})
		})
	}
}

// A name that is no column, or that always counts, is an error of each write to its
// table.
func TestIgnoreNamesNoColumn(t *testing.T) {
	for name, want := range map[string]string{
		"knid":       `"knid" is no column of Story`,
		"Kind":       `"Kind" is no column of Story`,
		"id":         `"id" is the primary key`,
		"deleted_at": `"deleted_at" says whether a row is deleted`,
	} {
		t.Run(name, func(t *testing.T) {
			eachStory(t, bunhook.Options{Ignore: map[string][]string{"stories": {"kind", name}}}, ofSlug, func(t *testing.T, s *storyTest) {
				for op, write := range map[string]func(ctx context.Context, tx bun.Tx) error{
					"insert": func(ctx context.Context, tx bun.Tx) error {
						_, err := tx.NewInsert().Model(&Story{ID: 9, Slug: "x"}).Exec(ctx)
						return err
					},
					"update": func(ctx context.Context, tx bun.Tx) error {
						_, err := tx.NewUpdate().Model(&Story{ID: 2, Kind: "x"}).Column("kind").WherePK().Exec(ctx)
						return err
					},
				} {
					err := s.hook.InTx(t.Context(), s.DB, nil, write)
					if err == nil || !strings.Contains(err.Error(), `bunhook: Options.Ignore["stories"]: `+want) {
						t.Errorf("%s: got %v, want it to say %s", op, err, want)
					}
				}
				s.want(t, "")
			})
		})
	}
}
