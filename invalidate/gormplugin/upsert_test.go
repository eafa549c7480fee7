package gormplugin_test

import (
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// An Entry is found by keys that GORM fills in part.
type Entry struct {
	ID     uint
	Site   string `gorm:"size:20;default:main;uniqueIndex:entry"`
	Slug   string `gorm:"size:20;uniqueIndex:entry"`
	Lang   string `gorm:"size:20;unique;default:(lower('EN'))"`
	Title  string `gorm:"size:20"`
	Number int
}

// An upsert may find its row by a key that is not in its model. That row is read, or
// everything is purged.
func TestUpsertByUndeclaredKeys(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		if err := b.db.AutoMigrate(&Entry{}); err != nil {
			t.Fatal(err)
		}
		invalidate.Register(b.inv, func(e *Entry, to *invalidate.Targets) { to.Path("/" + e.Title) })
		prepare := []string{"CREATE UNIQUE INDEX numbers ON entries (number)"}
		if d.name == "postgres" {
			prepare = []string{
				"CREATE UNIQUE INDEX lowers ON entries (lower(title))",
				"ALTER TABLE entries ADD CONSTRAINT by_number UNIQUE (number)",
			}
		}
		for _, s := range prepare {
			if _, err := b.bare.Exec(s); err != nil {
				t.Fatal(err)
			}
		}
		columns := func(names ...string) (all []clause.Column) {
			for _, name := range names {
				all = append(all, clause.Column{Name: name, Raw: name == "lower(title)"})
			}
			return all
		}
		for _, test := range []struct {
			name     string
			conflict clause.OnConflict
			entry    Entry
			only     string // this database has it
			known    bool   // everything need not be purged
		}{
			{"a default of GORM's", clause.OnConflict{Columns: columns("site", "slug")}, Entry{Slug: "s", Lang: "x", Title: "n", Number: 9}, "", true},
			{"a default of the database", clause.OnConflict{Columns: columns("lang")}, Entry{Slug: "x", Title: "n", Number: 9}, "", false},
			{"a column", clause.OnConflict{Columns: columns("number")}, Entry{Slug: "x", Lang: "x", Title: "n", Number: 5}, "", false},
			{"an expression", clause.OnConflict{Columns: columns("lower(title)")}, Entry{Slug: "x", Lang: "x", Title: "OLD", Number: 9}, "postgres", false},
			{"a constraint", clause.OnConflict{OnConstraint: "by_number"}, Entry{Slug: "x", Lang: "x", Title: "n", Number: 5}, "postgres", false},
			{"the constraint of the primary key", clause.OnConflict{OnConstraint: "entries_pkey"}, Entry{ID: 1, Slug: "x", Lang: "x", Title: "n", Number: 9}, "postgres", true},
			{"the constraint of a field", clause.OnConflict{OnConstraint: "uni_entries_lang"}, Entry{Slug: "x", Lang: "en", Title: "n", Number: 9}, "postgres", true},
		} {
			if test.only != "" && test.only != d.name {
				continue
			}
			for name, in := range transactions {
				for _, s := range []string{"DELETE FROM entries", "INSERT INTO entries VALUES (1, 'main', 's', 'en', 'old', 5)"} {
					if _, err := b.bare.Exec(s); err != nil {
						t.Fatal(err)
					}
				}
				entry := test.entry
				test.conflict.DoUpdates = clause.AssignmentColumns([]string{"title"})
				if err := in(b.db, func(db *gorm.DB) error { return db.Clauses(test.conflict).Create(&entry).Error }); err != nil {
					t.Fatalf("%s, transaction %s: %v", test.name, name, err)
				}
				if n := b.count(t, "SELECT COUNT(*) FROM entries WHERE id = 1 AND title <> 'old'"); n != 1 {
					t.Fatalf("%s, transaction %s: the row was not found", test.name, name)
				}
				purged := b.Take()
				got := map[string]bool{}
				for _, e := range purged {
					for d := range strings.FieldsSeq(e) {
						got[d] = true
					}
				}
				if !got["all:"] && !got["path:/old"] || got["all:"] && test.known {
					t.Errorf("%s, transaction %s: purged %q", test.name, name, purged)
				}
			}
		}
	})
}

// SQLite's INSERT OR REPLACE replaces all rows that have one of its keys.
func TestInsertOrReplace(t *testing.T) {
	b := newBlog(t, dialects[0], setup{})
	replace := func() *gorm.DB { return b.db.Clauses(clause.Insert{Modifier: "or replace"}) }
	for _, test := range []struct {
		post Post
		want string
	}{
		{Post{ID: 9, Slug: "n"}, "path:/n"},
		{Post{ID: 1, Slug: "m"}, "path:/a path:/m"},
		{Post{ID: 1, Slug: "b"}, "path:/b path:/m"}, // it has replaced two rows
	} {
		if err := replace().Create(&test.post).Error; err != nil {
			t.Fatal(err)
		}
		b.Want(t, test.want)
	}
}

func TestReturning(t *testing.T) {
	for _, d := range dialects[:2] { // MariaDB has no UPDATE ... RETURNING
		t.Run(d.name, func(t *testing.T) {
			b := newBlog(t, d, setup{})
			var posts []Post
			if err := b.db.Model(&posts).Clauses(clause.Returning{}).Where("id = ?", 1).Update("slug", "n").Error; err != nil {
				t.Fatal(err)
			}
			b.Want(t, "path:/a path:/n")
			if err := b.db.Clauses(clause.Returning{}).Where("id = ?", 1).Delete(&posts).Error; err != nil {
				t.Fatal(err)
			}
			b.Want(t, "path:/n")
		})
	}
}
