package gormplugin_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"gorm.io/gorm"
)

// The error names an association that the rule reads and that was not loaded, and how
// to load it.
func TestUnloadedAssociation(t *testing.T) {
	news := uint(1)
	rules := map[string]func(*Story, *invalidate.Targets){
		"a field":  func(s *Story, to *invalidate.Targets) { to.Route(storyPage, s.Section.Slug) },
		"a group":  func(s *Story, to *invalidate.Targets) { to.Group(s.Section.Slug) },
		"a panic":  func(s *Story, to *invalidate.Targets) { to.Path("/" + s.Section.Slug[:1]) },
		"a nested": func(s *Story, to *invalidate.Targets) { to.Model(&s.Section) },
	}
	writes := map[string]func(db *gorm.DB) error{
		"Create":       func(db *gorm.DB) error { return db.Create(&Story{ID: 9, Slug: "x", SectionID: &news}).Error },
		"Save":         func(db *gorm.DB) error { return db.Save(&Story{ID: 2, Slug: "x", SectionID: &news}).Error },
		"Update":       func(db *gorm.DB) error { return db.Model(&Story{ID: 2}).Update("slug", "x").Error },
		"Delete":       func(db *gorm.DB) error { return db.Unscoped().Delete(&Story{ID: 2}).Error },
		"Delete, soft": func(db *gorm.DB) error { return db.Delete(&Story{ID: 2}).Error },
	}
	for ruled, rule := range rules {
		for name, write := range writes {
			t.Run(ruled+", "+name, func(t *testing.T) {
				for _, preload := range []bool{false, true} {
					s := setup{}
					if preload {
						s.opts.Preload = map[string][]string{"stories": {"Section"}}
					}
					b, _ := newStories(t, dialects[0], s, rule)
					invalidate.Register(b.inv, func(s *Section, to *invalidate.Targets) { to.Group(s.Slug) })
					if _, err := b.bare.Exec("UPDATE stories SET section_id = 1"); err != nil {
						t.Fatal(err)
					}
					err := write(b.db)
					if preload {
						if err != nil || len(b.Take()) != 1 {
							t.Errorf("with Preload: %v, want a purge", err)
						}
						continue
					}
					const field, how = "gormplugin_test.Story.Section was not loaded", `add "Section" to gormplugin.Options.Preload["stories"]`
					if !errors.Is(err, invalidate.ErrNotLoaded) || !strings.Contains(err.Error(), field) || !strings.Contains(err.Error(), how) {
						t.Errorf("got %v, want it to say %q and %q", err, field, how)
					}
					b.Want(t)
					if n := b.count(t, "SELECT count(*) FROM stories WHERE slug <> 'x' AND deleted_at IS NULL"); n != 5 {
						t.Error("it was not rolled back")
					}
				}
			})
		}
	}
}

// An error that no association is to blame for stays what it was.
func TestAssociationNotAtFault(t *testing.T) {
	tests := []struct {
		name  string
		rule  func(*Story, *invalidate.Targets)
		write func(db *gorm.DB) error
		want  string // of the error, or "" for none
	}{
		{"it is not read", ofSlug, func(db *gorm.DB) error { return db.Model(&Story{ID: 1}).Update("slug", "a").Error }, ""},
		{"it was given", func(s *Story, to *invalidate.Targets) { to.Route(storyPage, s.Section.Slug) },
			func(db *gorm.DB) error { return db.Create(&Story{ID: 9, Section: Section{ID: 1, Slug: "news"}}).Error }, ""},
		{"there is none", func(s *Story, to *invalidate.Targets) { to.Route(storyPage, s.Section.Slug) },
			func(db *gorm.DB) error { return db.Create(&Story{ID: 9}).Error }, "an empty segment"},
		{"none of a new row", func(s *Story, to *invalidate.Targets) { ofSlug(s, to); to.Model(s.Facts) },
			func(db *gorm.DB) error { return db.Create(&Story{ID: 9, Slug: "x"}).Error }, ""},
		{"one that has its key elsewhere", func(s *Story, to *invalidate.Targets) { to.Group(s.Facts.Slug) },
			func(db *gorm.DB) error { return db.Delete(&Story{ID: 2}).Error }, "Story.Facts was not loaded"},
		{"the first of many", func(s *Story, to *invalidate.Targets) { to.Group(s.Topics[0].Name) },
			func(db *gorm.DB) error { return db.Delete(&Story{ID: 2}).Error }, "Story.Topics was not loaded"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, _ := newStories(t, dialects[0], setup{}, tt.rule)
			invalidate.Register(b.inv, func(f *Facts, to *invalidate.Targets) { to.Group(f.Slug) })
			if _, err := b.bare.Exec("UPDATE stories SET section_id = 1"); err != nil {
				t.Fatal(err)
			}
			switch err := tt.write(b.db); {
			case tt.want == "" && err != nil, tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
