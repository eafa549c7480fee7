package gormplugin_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate/gormplugin"
	"gorm.io/gorm"
)

// transactions are those in which a write may be.
var transactions = map[string]func(db *gorm.DB, write func(*gorm.DB) error) error{
	"of its own":  func(db *gorm.DB, write func(*gorm.DB) error) error { return write(db) },
	"explicit":    func(db *gorm.DB, write func(*gorm.DB) error) error { return db.Transaction(write) },
	"none at all": func(db *gorm.DB, write func(*gorm.DB) error) error { return write(skipping(db)) },
}

func skipping(db *gorm.DB) *gorm.DB {
	return db.Session(&gorm.Session{SkipDefaultTransaction: true})
}

// wantFresh fails unless all pages that differ from before have been purged. It returns
// how many they are, and what was purged.
func (b *blog) wantFresh(t *testing.T, name string, before content) (int, []string) {
	t.Helper()
	purged := strings.Fields(strings.Join(b.Take(), " "))
	stale := before.differs(b.pages(t))
	for _, page := range stale {
		if !slices.Contains(purged, page) && !slices.Contains(purged, "all:") {
			t.Errorf("%s: %s is stale, purged were %q", name, page, purged)
		}
	}
	return len(stale), purged
}

// fill writes posts c to z beside a and b.
func (b *blog) fill(t *testing.T) {
	t.Helper()
	b.reset(t)
	var rows []string
	for i := 3; i <= 26; i++ {
		rows = append(rows, fmt.Sprintf("(%d, '%c', 'x', 1)", i, 'a'+i-1))
	}
	if _, err := b.bare.Exec("INSERT INTO posts (id, slug, title, author_id) VALUES " + strings.Join(rows, ", ")); err != nil {
		t.Fatal(err)
	}
}

// A condition that matches other rows the second time changes the rows that were read,
// or everything is purged. Each such write changes as many rows as without the plugin.
func TestConditionsThatMatchOtherRows(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		random := map[string]string{"mysql": "RAND()"}[d.name]
		if random == "" {
			random = "RANDOM()"
		}
		one := "id IN (SELECT id FROM (SELECT id FROM posts ORDER BY " + random + " LIMIT 1) x)"
		sub := func(db *gorm.DB) *gorm.DB {
			return db.Table("(?) AS x", db.Session(&gorm.Session{NewDB: true}).Model(&Post{}).Select("id").Order(random).Limit(1)).Select("id")
		}
		for _, test := range []struct {
			name  string
			rows  int // that are changed, if that is certain
			write func(db *gorm.DB) error
		}{
			{"update of a random row", 1, func(db *gorm.DB) error {
				return db.Model(&Post{}).Where(one).Update("title", "new").Error
			}},
			{"update of a random row, by a subquery of GORM's", 1, func(db *gorm.DB) error {
				return db.Model(&Post{}).Where("id IN (?)", sub(db)).Update("title", "new").Error
			}},
			{"update of a random row beside another condition", 1, func(db *gorm.DB) error {
				return db.Model(&Post{}).Where("id > 0").Where(one).Update("title", "new").Error
			}},
			{"update of one row or a random one", -1, func(db *gorm.DB) error {
				return db.Model(&Post{}).Where("slug = ?", "z").Or(one).Update("title", "new").Error
			}},
			{"update of random rows", -1, func(db *gorm.DB) error {
				half := map[string]string{"sqlite": "RANDOM() > 0", "postgres": "RANDOM() > 0.5", "mysql": "RAND() > 0.5"}[d.name]
				return db.Model(&Post{}).Where(half).Update("title", "new").Error
			}},
			{"deletion of a random row", 1, func(db *gorm.DB) error {
				return db.Unscoped().Where(one).Delete(&Post{}).Error
			}},
			{"soft deletion of a random row", 1, func(db *gorm.DB) error {
				return db.Where(one).Delete(&Post{}).Error
			}},
		} {
			for name, in := range transactions {
				for range 3 {
					b.fill(t)
					for _, s := range []string{"DELETE FROM post_tags", "DELETE FROM comments"} {
						if _, err := b.bare.Exec(s); err != nil {
							t.Fatal(err)
						}
					}
					before := b.pages(t)
					if err := in(b.db, test.write); err != nil {
						t.Fatalf("%s, transaction %s: %v", test.name, name, err)
					}
					n, _ := b.wantFresh(t, test.name+", transaction "+name, before)
					if test.rows >= 0 && n != test.rows {
						t.Errorf("%s, transaction %s: %d rows were changed, want %d", test.name, name, n, test.rows)
					}
				}
			}
		}
	})
}

// While a statement runs, others change what its condition reads, in the table itself
// or in another.
func TestConditionReadsWhatOthersChange(t *testing.T) {
	for _, d := range dialects[1:] { // SQLite lets nobody else write
		t.Run(d.name, func(t *testing.T) {
			b := newBlog(t, d, setup{})
			for _, test := range []struct {
				name    string
				between string
				bare    bool // in no transaction
				write   func(db *gorm.DB) error
			}{
				{"another table", "UPDATE notes SET text = 'd' WHERE id = 1", false, func(db *gorm.DB) error {
					return db.Model(&Post{}).Where("slug = (SELECT text FROM notes WHERE id = 1)").Update("title", "new").Error
				}},
				{"another table, for a deletion", "UPDATE notes SET text = 'd' WHERE id = 1", false, func(db *gorm.DB) error {
					return db.Unscoped().Where("slug = (SELECT text FROM notes WHERE id = 1)").Delete(&Post{}).Error
				}},
				{"a row that is new", "INSERT INTO posts (id, slug, title, author_id) VALUES (99, 'new', '', 2)", false, func(db *gorm.DB) error {
					return db.Model(&Post{}).Where("author_id = ?", 2).Update("title", "new").Error
				}},
				{"a row that is new beside one that stays as it is", "INSERT INTO posts (id, slug, title, author_id) VALUES (99, 'new', '', 2)", false, func(db *gorm.DB) error {
					return db.Model(&Post{}).Where("author_id = ?", 2).UpdateColumn("title", "c").Error
				}},
				{"a row that is new, for a deletion", "INSERT INTO posts (id, slug, title, author_id) VALUES (99, 'new', '', 2)", false, func(db *gorm.DB) error {
					return db.Where("author_id = ?", 2).Delete(&Post{}).Error
				}},
				{"one row more, and one less", "UPDATE posts SET author_id = 3 - author_id WHERE slug IN ('c', 'd')", true, func(db *gorm.DB) error {
					return db.Model(&Post{}).Where("author_id = ?", 2).Update("title", "new").Error
				}},
				{"one row more, and one less, for a deletion", "UPDATE posts SET author_id = 3 - author_id WHERE slug IN ('c', 'd')", true, func(db *gorm.DB) error {
					return db.Where("author_id = ?", 2).Delete(&Post{}).Error
				}},
			} {
				b.fill(t)
				for _, s := range []string{"UPDATE posts SET author_id = 2, title = 'c' WHERE slug = 'c'", "UPDATE notes SET text = 'c' WHERE id = 1"} {
					if _, err := b.bare.Exec(s); err != nil {
						t.Fatal(err)
					}
				}
				var before content
				between := func(*gorm.DB) {
					if _, err := b.bare.Exec(test.between); err != nil {
						t.Errorf("%s: %v", test.name, err)
					}
					before = b.pages(t)
				}
				db, err := gorm.Open(b.db.Dialector, &gorm.Config{Logger: b.db.Logger})
				if err == nil {
					err = db.Use(gormplugin.New(b.inv, nil))
				}
				if err != nil {
					t.Fatal(err)
				}
				_ = db.Callback().Update().After("uncache:before").Before("gorm:update").Register("test:between", between)
				_ = db.Callback().Delete().After("uncache:before").Before("gorm:delete").Register("test:between", between)
				// MySQL locks the gaps, too, unless it is told not to.
				db = db.WithContext(t.Context())
				if test.bare {
					err = test.write(skipping(db))
				} else {
					err = db.Transaction(test.write, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
				}
				if err != nil {
					t.Fatalf("%s: %v", test.name, err)
				}
				b.wantFresh(t, test.name, before)
				if conns, err := db.DB(); err != nil || conns.Close() != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
