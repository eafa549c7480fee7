package gormplugin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/gormplugin"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// A Visited page counts its visits, which are on no page.
type Visited struct {
	ID        uint
	Slug      string `gorm:"size:40;uniqueIndex"`
	Views     int
	UpdatedAt time.Time
	DeletedAt gorm.DeletedAt
}

// TableName is not the plural.
func (Visited) TableName() string { return "visited" }

func newVisited(t *testing.T, d dialect, ignore []string, more ...func(*blog)) *blog {
	t.Helper()
	b := newBlog(t, d, setup{opts: gormplugin.Options{Ignore: map[string][]string{"visited": ignore}}})
	if err := b.db.AutoMigrate(&Visited{}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.bare.Exec("INSERT INTO visited (id, slug, views) VALUES (1, 'a', 0), (2, 'b', 0)"); err != nil {
		t.Fatal(err)
	}
	invalidate.Register(b.inv, func(v *Visited, to *invalidate.Targets) { to.Path("/" + v.Slug) })
	for _, f := range more {
		f(b)
	}
	b.Take()
	return b
}

// An update that only sets ignored columns purges nothing. Everything else counts.
func TestIgnore(t *testing.T) {
	type write = func(db *gorm.DB) *gorm.DB
	one := func(db *gorm.DB) *gorm.DB { return db.Model(&Visited{ID: 1}) }
	tests := []struct {
		name   string
		write  write
		counts bool
	}{
		{"UpdateColumn", func(db *gorm.DB) *gorm.DB { return one(db).UpdateColumn("views", 7) }, false},
		{"by the field's name", func(db *gorm.DB) *gorm.DB { return one(db).UpdateColumn("Views", 7) }, false},
		{"an expression", func(db *gorm.DB) *gorm.DB { return one(db).UpdateColumn("views", gorm.Expr("views + 1")) }, false},
		{"Update, which sets updated_at too", func(db *gorm.DB) *gorm.DB { return one(db).Update("views", 7) }, false},
		{"Updates of a struct", func(db *gorm.DB) *gorm.DB { return one(db).Updates(Visited{Views: 7}) }, false},
		{"Updates of a map", func(db *gorm.DB) *gorm.DB { return one(db).Updates(map[string]any{"views": 7}) }, false},
		{"Select", func(db *gorm.DB) *gorm.DB {
			return one(db).Select("views").Updates(map[string]any{"views": 7, "slug": "x"})
		}, false},
		{"Omit", func(db *gorm.DB) *gorm.DB {
			return one(db).Omit("slug").Updates(Visited{Views: 7, Slug: "x"})
		}, false},
		{"by condition", func(db *gorm.DB) *gorm.DB { return db.Model(&Visited{}).Where("slug = 'a'").UpdateColumn("views", 7) }, false},
		{"a SET of its own", func(db *gorm.DB) *gorm.DB {
			return one(db).Where("id = 1").Clauses(clause.Set{{Column: clause.Column{Name: "views"}, Value: 7}}).UpdateColumns(map[string]any{})
		}, false},
		{"another column beside", func(db *gorm.DB) *gorm.DB { return one(db).UpdateColumns(map[string]any{"views": 7, "slug": "x"}) }, true},
		{"another column alone", func(db *gorm.DB) *gorm.DB { return one(db).Update("slug", "x") }, true},
		{"a SET with another", func(db *gorm.DB) *gorm.DB {
			return one(db).Where("id = 1").Clauses(clause.Set{{Column: clause.Column{Name: "slug"}, Value: "x"}}).UpdateColumns(map[string]any{"views": 1})
		}, true},
		{"Save, which sets all", func(db *gorm.DB) *gorm.DB { return db.Save(&Visited{ID: 1, Slug: "a", Views: 7}) }, true},
		{"an insert", func(db *gorm.DB) *gorm.DB { return db.Select("views").Create(&Visited{Views: 7}) }, true},
		{"an upsert of an ignored column", func(db *gorm.DB) *gorm.DB {
			return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"views"})}).Create(&Visited{ID: 1, Slug: "a", Views: 7})
		}, true},
		{"a delete", func(db *gorm.DB) *gorm.DB { return db.Delete(&Visited{ID: 1}) }, true},
		{"a delete for good", func(db *gorm.DB) *gorm.DB { return db.Unscoped().Delete(&Visited{ID: 1}) }, true},
		{"a delete undone", func(db *gorm.DB) *gorm.DB { return one(db.Unscoped()).UpdateColumn("deleted_at", nil) }, true},
		{"with Changes", func(db *gorm.DB) *gorm.DB {
			return one(gormplugin.Changes(db, &Visited{Slug: "said"})).UpdateColumn("views", 7)
		}, true},
	}
	each(t, func(t *testing.T, d dialect) {
		for _, tt := range tests {
			if d.name != "sqlite" && tt.name == "an insert" {
				continue // a slug of NULL is tested elsewhere
			}
			t.Run(tt.name, func(t *testing.T) {
				b := newVisited(t, d, []string{"views", "updated_at"})
				tx := tt.write(b.db)
				if tx.Error != nil {
					t.Fatal(tx.Error)
				}
				if got := b.Take(); len(got) > 0 != tt.counts {
					t.Errorf("purged %q, want any: %v", got, tt.counts)
				}
				if tt.counts {
					return
				}
				if n := b.count(t, "SELECT count(*) FROM visited WHERE slug = 'a' AND views > 0"); n != 1 {
					t.Error("the column was not updated")
				}
				// The statement may be used again, for something else.
				if err := tx.Session(&gorm.Session{NewDB: true}).Model(&Visited{ID: 1}).Update("slug", "z").Error; err != nil {
					t.Error(err)
				}
				b.Want(t, "path:/a path:/z")
			})
		}
	})
}

// A callback that adds a column after the plugin has looked is noticed when the
// statement is built. The rows were not read by then, so everything is purged.
func TestIgnoreWithCallback(t *testing.T) {
	for name, callback := range map[string]func(db *gorm.DB){
		"to the values": func(db *gorm.DB) { db.Statement.Dest = map[string]any{"views": 1, "slug": "x"} },
		"as a clause": func(db *gorm.DB) {
			db.Statement.AddClause(clause.Set{{Column: clause.Column{Name: "slug"}, Value: "x"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newVisited(t, dialects[0], []string{"views"}, func(b *blog) {
				if err := b.db.Callback().Update().After("uncache:before").Before("gorm:update").Register("test:late", callback); err != nil {
					t.Fatal(err)
				}
			})
			if err := b.db.Model(&Visited{}).Where("id = 1").UpdateColumn("views", 7).Error; err != nil {
				t.Fatal(err)
			}
			b.Want(t, "all:")
		})
	}
	// A callback that adds it before is seen like any other.
	b := newVisited(t, dialects[0], []string{"views"})
	if err := b.db.Callback().Update().Before("gorm:before_update").Register("test:early", func(db *gorm.DB) {
		db.Statement.SetColumn("slug", "x")
	}); err != nil {
		t.Fatal(err)
	}
	if err := b.db.Model(&Visited{ID: 1}).UpdateColumn("views", 7).Error; err != nil {
		t.Fatal(err)
	}
	if got := b.Take(); len(got) == 0 || !strings.Contains(strings.Join(got, " "), "path:/x") {
		t.Errorf("purged %q, want /x", got)
	}
}

// A name that is no column, or that always counts, is an error of each write to its
// table.
func TestIgnoreNamesNoColumn(t *testing.T) {
	for name, want := range map[string]string{
		"veiws":      `"veiws" is no column of Visited`,
		"Views":      `"Views" is no column of Visited`,
		"id":         `"id" is the primary key`,
		"deleted_at": `"deleted_at" says whether a row is deleted`,
	} {
		b := newVisited(t, dialects[0], []string{"views", name})
		for op, write := range map[string]func() error{
			"create": func() error { return b.db.Create(&Visited{Slug: "x"}).Error },
			"update": func() error { return b.db.Model(&Visited{ID: 1}).Update("views", 1).Error },
			"delete": func() error { return b.db.Delete(&Visited{ID: 1}).Error },
		} {
			if err := write(); err == nil || !strings.Contains(err.Error(), `gormplugin: Options.Ignore["visited"]: `+want) {
				t.Errorf("%s, %s: got %v, want it to say %s", name, op, err, want)
			}
		}
	}
	for _, ignore := range []map[string][]string{{"": {"views"}}, {"visited": {""}}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("New with Ignore %q: no panic", ignore)
				}
			}()
			gormplugin.New(invalidate.New(new(invtest.Recorder), nil), &gormplugin.Options{Ignore: ignore})
		}()
	}
}

// A table without a model has a rule for its Table, and ignored columns.
func TestIgnoreWithoutModel(t *testing.T) {
	b := newVisited(t, dialects[0], []string{"views"})
	invalidate.Register(b.inv, func(t gormplugin.Table, to *invalidate.Targets) { to.Group(string(t)) })
	if err := b.db.Table("visited AS v").Where("id = 1").Updates(map[string]any{"views": 1}).Error; err != nil {
		t.Fatal(err)
	}
	b.Want(t) // by the table's name, not by an alias
	for column, want := range map[string]string{"views": "", "slug": "group:visited"} {
		if err := b.db.Table("visited").Where("id = 1").Updates(map[string]any{column: 1}).Error; err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(b.Take(), " "); got != want {
			t.Errorf("%s: purged %q, want %q", column, got, want)
		}
	}
}
