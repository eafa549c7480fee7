package gormplugin_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/gormplugin"
	"github.com/uncache/uncache/keys/route"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

type Section struct {
	ID   uint
	Slug string
}

// A Story has a page, unless its slug is empty.
type Story struct {
	ID        uint
	Slug      string `gorm:"size:40"`
	Kind      string
	SectionID *uint
	Section   Section
	Topics    []Topic `gorm:"many2many:story_topics"`
	Facts     *Facts
	DeletedAt gorm.DeletedAt
}

type Topic struct {
	ID   uint
	Name string
}

type Facts struct {
	ID      uint
	StoryID uint
	Slug    string
}

var storyPage = route.MustParse("GET /story/{slug}/{$}")

// newStories returns a blog with five stories. The first and the last have no slug, and
// none has a section.
func newStories(t *testing.T, d dialect, s setup, rule func(*Story, *invalidate.Targets)) (*blog, *[]error) {
	t.Helper()
	var unnamed []error
	s.inv.Observe = func(o invalidate.Observation) {
		if errors.Is(o.Err, invalidate.ErrUnnamed) {
			unnamed = append(unnamed, o.Err)
		}
	}
	b := newBlog(t, d, s)
	if err := b.db.AutoMigrate(&Section{}, &Topic{}, &Story{}, &Facts{}); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"INSERT INTO sections (id, slug) VALUES (1, 'news')",
		"INSERT INTO topics (id, name) VALUES (1, 'go')",
		"INSERT INTO stories (id, slug, kind) VALUES (1, '', ''), (2, 'b', ''), (3, 'c', ''), (4, 'd', ''), (5, '', '')",
		"INSERT INTO story_topics (story_id, topic_id) VALUES (1, 1)",
	} {
		if _, err := b.bare.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	invalidate.Register(b.inv, rule)
	b.Take()
	return b, &unnamed
}

func ofSlug(s *Story, to *invalidate.Targets) { to.Route(storyPage, s.Slug) }

// A row that no page can have can be repaired and deleted, and changed with many
// others.
func TestRowWithoutPage(t *testing.T) {
	tests := []struct {
		name  string
		write func(db *gorm.DB) error
		want  string // everything that is purged
	}{
		{"Update", func(db *gorm.DB) error { return db.Model(&Story{ID: 1}).Update("slug", "a").Error }, "path:/story/a/"},
		{"UpdateColumn", func(db *gorm.DB) error { return db.Model(&Story{ID: 1}).UpdateColumn("slug", "a").Error }, "path:/story/a/"},
		{"Updates by condition", func(db *gorm.DB) error {
			return db.Model(&Story{}).Where("slug = ''").Updates(map[string]any{"slug": "a"}).Error
		}, "path:/story/a/"},
		{"Save", func(db *gorm.DB) error { return db.Save(&Story{ID: 1, Slug: "a"}).Error }, "path:/story/a/"},
		{"an upsert", func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Story{ID: 1, Slug: "a"}).Error
		}, "path:/story/a/"},
		{"Delete, softly", func(db *gorm.DB) error { return db.Delete(&Story{ID: 1}).Error }, ""},
		{"Delete for good", func(db *gorm.DB) error { return db.Unscoped().Delete(&Story{ID: 5}).Error }, ""},
		{"Delete by condition", func(db *gorm.DB) error { return db.Where("id <= 2").Delete(&Story{}).Error }, "path:/story/b/"},
		{"an update of many", func(db *gorm.DB) error { return db.Model(&Story{}).Where("id <= 3").Update("kind", "x").Error }, "path:/story/b/ path:/story/c/"},
		{"a column that is not the slug", func(db *gorm.DB) error { return db.Model(&Story{ID: 1}).Update("kind", "x").Error }, ""},
		{"Save of a row as broken", func(db *gorm.DB) error { return db.Save(&Story{ID: 1, Kind: "x"}).Error }, ""},
		{"an upsert of a row as broken", func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{UpdateAll: true}).Create([]*Story{{ID: 1}, {ID: 2, Slug: "b"}}).Error
		}, "path:/story/b/"},
		{"an update of one that is deleted softly", func(db *gorm.DB) error {
			if err := db.Delete(&Story{ID: 4}).Error; err != nil {
				return err
			}
			return db.Unscoped().Model(&Story{ID: 4}).Update("slug", "").Error
		}, "path:/story/d/ path:/story/d/"},
		{"its topics", func(db *gorm.DB) error { return db.Model(&Story{ID: 1}).Association("Topics").Clear() }, "path:/tag/go"},
		{"with its topics", func(db *gorm.DB) error { return db.Select("Topics").Delete(&Story{ID: 1}).Error }, "path:/tag/go"},
		{"a transaction that fails for another reason", func(db *gorm.DB) error {
			err := db.Transaction(func(tx *gorm.DB) error {
				return errors.Join(tx.Model(&Story{ID: 1}).Update("slug", "a").Error, errStop)
			})
			if errors.Is(err, errStop) {
				return nil
			}
			return err
		}, ""},
	}
	each(t, func(t *testing.T, d dialect) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				b, unnamed := newStories(t, d, setup{}, ofSlug)
				invalidate.Register(b.inv, func(p *Topic, to *invalidate.Targets) { to.Path("/tag/" + p.Name) })
				if err := tt.write(b.db); err != nil {
					t.Fatalf("got %v, want no error", err)
				}
				got := strings.Fields(strings.Join(b.Take(), " "))
				slices.Sort(got)
				if got := strings.Join(got, " "); got != tt.want {
					t.Errorf("purged %q, want %q", got, tt.want)
				}
				if len(*unnamed) == 0 {
					t.Error("Observe was told of no row that could not be named")
				}
			})
		}
	})
}

// A write that breaks a row is an error, and is rolled back.
func TestWriteRemovesURL(t *testing.T) {
	for name, write := range map[string]func(db *gorm.DB) error{
		"Create":                       func(db *gorm.DB) error { return db.Create(&Story{Kind: "new"}).Error },
		"Update":                       func(db *gorm.DB) error { return db.Model(&Story{ID: 2}).Update("slug", "").Error },
		"Save":                         func(db *gorm.DB) error { return db.Save(&Story{ID: 2}).Error },
		"to a dot":                     func(db *gorm.DB) error { return db.Model(&Story{ID: 2}).Update("slug", ".").Error },
		"from an empty one to dots":    func(db *gorm.DB) error { return db.Model(&Story{ID: 1}).Update("slug", "..").Error },
		"one of many, beside a broken": func(db *gorm.DB) error { return db.Model(&Story{}).Where("id <= 2").Update("slug", "").Error },
		"an upsert": func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Story{ID: 2}).Error
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := newStories(t, dialects[0], setup{}, ofSlug)
			if err := write(b.db); err == nil || !strings.Contains(err.Error(), "segment") {
				t.Errorf("got %v, want an error about a segment", err)
			}
			b.Want(t)
			if n := b.count(t, "SELECT count(*) FROM stories WHERE slug = 'b'"); n != 1 {
				t.Error("it was not rolled back")
			}
		})
	}
}

// If the rule panics for the row as it was, the row can be deleted nevertheless.
func TestRulePanicsForOldRow(t *testing.T) {
	b, unnamed := newStories(t, dialects[0], setup{}, func(s *Story, to *invalidate.Targets) { to.Path("/story/" + s.Slug[:1]) })
	if err := b.db.Delete(&Story{ID: 1}).Error; err != nil {
		t.Error(err)
	}
	b.Want(t, "all:")
	if len(*unnamed) != 1 {
		t.Errorf("Observe was told of %v, want the panic", *unnamed)
	}
}

// Rows as they were, of a rule for values.
func TestRowWithoutPageAsValue(t *testing.T) {
	b := newBlog(t, dialects[0], setup{opts: gormplugin.Options{}})
	type Plain struct {
		ID   uint
		Slug string
	}
	if err := b.db.AutoMigrate(&Plain{}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.bare.Exec("INSERT INTO plains VALUES (1, '')"); err != nil {
		t.Fatal(err)
	}
	invalidate.Register(b.inv, func(p Plain, to *invalidate.Targets) { to.Route(storyPage, p.Slug) })
	if err := b.db.Model(&Plain{ID: 1}).Update("slug", "a").Error; err != nil {
		t.Error(err)
	}
	b.Want(t, "path:/story/a/")
}
