package bunhook_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
	"github.com/uptrace/bun"
)

// The error names a relation that the rule reads and that was not loaded, and how to
// load it.
func TestUnloadedRelation(t *testing.T) {
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
				eachStory(t, bunhook.Options{}, tt.rule, func(t *testing.T, s *storyTest) {
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
	eachStory(t, bunhook.Options{Select: load}, tests[0].rule, func(t *testing.T, s *storyTest) {
		err := s.hook.InTx(t.Context(), s.DB, nil, func(ctx context.Context, tx bun.Tx) error {
			return errors.Join(writes["update"](ctx, tx), writes["delete"](ctx, tx))
		})
		if err != nil {
			t.Errorf("with Select: %v", err)
		}
		s.want(t, "path:/story/news/")
	})
}
