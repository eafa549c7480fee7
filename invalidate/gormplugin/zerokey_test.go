package gormplugin_test

import (
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// A Setting may have the empty key.
type Setting struct {
	Key   string `gorm:"primaryKey;size:20"`
	Title string `gorm:"size:20"`
}

// A row whose key is zero is a row like others: 0 for the system's own user, "" for
// settings that apply everywhere.
func TestZeroKeys(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		if err := b.db.AutoMigrate(&Setting{}, &Seat{}); err != nil {
			t.Fatal(err)
		}
		invalidate.Register(b.inv, func(s *Setting, to *invalidate.Targets) { to.Path("/" + s.Title) })
		invalidate.Register(b.inv, func(s *Seat, to *invalidate.Targets) { to.Path("/" + s.Guest) })
		zero := []string{
			"DELETE FROM post_tags", "DELETE FROM comments", "DELETE FROM posts",
			"DELETE FROM authors", "INSERT INTO authors (id, name) VALUES (0, 'old')",
			"DELETE FROM settings", "INSERT INTO settings VALUES ('', 'old')",
			"DELETE FROM seats", "INSERT INTO seats VALUES (0, 0, 'old')",
		}
		if d.name == "mysql" { // gives such a row another key
			zero[4] = "INSERT INTO authors (id, name) VALUES (1, 'old')"
		}
		for _, test := range []struct {
			name  string
			write func(db *gorm.DB) error
		}{
			{"a number", func(db *gorm.DB) error { return db.Model(&Author{}).Where("name = 'old'").Update("name", "new").Error }},
			{"a text", func(db *gorm.DB) error {
				return db.Model(&Setting{}).Where("title = 'old'").Update("title", "new").Error
			}},
			{"two numbers", func(db *gorm.DB) error {
				return db.Model(&Seat{}).Where("guest = 'old'").Update("guest", "new").Error
			}},
			{"an upsert of one", func(db *gorm.DB) error {
				return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Setting{Title: "new"}).Error
			}},
			{"an upsert of several", func(db *gorm.DB) error {
				return db.Clauses(clause.OnConflict{UpdateAll: true}).Create([]*Seat{{Guest: "new"}, {Hall: 1, Guest: "other"}}).Error
			}},
			{"a creation", func(db *gorm.DB) error {
				if err := db.Exec("UPDATE seats SET hall = 9, guest = 'new'").Error; err != nil {
					return err
				}
				return db.Select("Hall", "Number").Create(&Seat{Guest: "new"}).Error
			}},
		} {
			for name, in := range transactions {
				for _, s := range zero {
					if _, err := b.bare.Exec(s); err != nil {
						t.Fatal(err)
					}
				}
				b.Take()
				if err := in(b.db, test.write); err != nil {
					t.Fatalf("%s, transaction %s: %v", test.name, name, err)
				}
				purged := strings.Fields(strings.Join(b.Take(), " "))
				got := map[string]bool{}
				for _, d := range purged {
					got[strings.Replace(d, "path:/by/", "path:/", 1)] = true
				}
				switch {
				case got["all:"]:
					if d.name != "mysql" || !strings.HasPrefix(test.name, "an upsert") {
						t.Errorf("%s, transaction %s: everything was purged", test.name, name)
					}
				case test.name == "a creation":
					if !got["path:/"] { // the guest is not written
						t.Errorf("%s, transaction %s: purged %q", test.name, name, purged)
					}
				case !got["path:/old"] || !got["path:/new"]:
					t.Errorf("%s, transaction %s: purged %q, want both", test.name, name, purged)
				}
			}
		}
	})
}
