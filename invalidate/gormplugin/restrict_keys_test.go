package gormplugin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/gormplugin"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// A Seat has a key of two columns.
type Seat struct {
	Hall, Number int `gorm:"primaryKey;autoIncrement:false"`
	Guest        string
}

// More keys than a statement may have parameters, and keys of several columns.
func TestManyKeysAndKeysOfSeveralColumns(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{opts: gormplugin.Options{MaxRows: 100_000}})
		if err := b.db.AutoMigrate(&Seat{}); err != nil {
			t.Fatal(err)
		}
		invalidate.Register(b.inv, func(s *Seat, to *invalidate.Targets) { to.Group(fmt.Sprint("hall:", s.Hall)) })
		random := map[string]string{"sqlite": "RANDOM() <> 0", "postgres": "RANDOM() >= 0", "mysql": "RAND() >= 0"}[d.name]
		sizes := []int{0, 3}
		if d.name == "sqlite" { // takes the fewest parameters
			sizes = append(sizes, 17_000)
		}
		for _, n := range sizes {
			if _, err := b.bare.Exec("DELETE FROM seats"); err != nil {
				t.Fatal(err)
			}
			var rows []string
			for i := range n {
				rows = append(rows, fmt.Sprintf("(%d, %d, '')", i%2, i))
			}
			for some := range slices.Chunk(rows, 10_000) {
				if _, err := b.bare.Exec("INSERT INTO seats VALUES " + strings.Join(some, ",")); err != nil {
					t.Fatal(err)
				}
			}
			for name, in := range transactions {
				for i, where := range []string{random, "number >= 0"} {
					guest := fmt.Sprint(name, i)
					if err := in(b.db, func(db *gorm.DB) error { return db.Model(&Seat{}).Where(where).Update("guest", guest).Error }); err != nil {
						t.Fatalf("%d rows, transaction %s: %v", n, name, err)
					}
					if got := b.count(t, "SELECT COUNT(*) FROM seats WHERE guest = '"+guest+"'"); got != n {
						t.Errorf("%d rows, transaction %s: %d were changed by %s", n, name, got, where)
					}
					purged := strings.Join(b.Take(), " ")
					if n > 0 && !strings.Contains(purged, "all:") && !strings.Contains(purged, "group:hall:0 group:hall:1") {
						t.Errorf("%d rows, transaction %s: purged %q", n, name, purged)
					}
				}
			}
		}
	})
}

// A condition on the version of a row changes nothing if the version is another. The
// statement has its condition back for the next write.
func TestConditionIsGivenBack(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		for name, in := range transactions {
			b.reset(t)
			err := in(b.db, func(db *gorm.DB) error {
				db = db.Session(&gorm.Session{})
				if done := db.Model(&Post{ID: 1}).Where("title = ?", "old").Update("title", "new"); done.RowsAffected != 0 || done.Error != nil {
					t.Errorf("transaction %s: %d rows, %v; want none", name, done.RowsAffected, done.Error)
				}
				if done := db.Model(&Post{}).Where("id = ? AND title = ?", 1, "A").Update("title", "new"); done.RowsAffected != 1 || done.Error != nil {
					t.Errorf("transaction %s: %d rows, %v; want one", name, done.RowsAffected, done.Error)
				}
				chain := db.Model(&Post{}).Where("lower(slug) = upper(slug) OR id > ?", 0)
				chain.Update("title", "newer")
				var n int64
				if err := chain.Count(&n).Error; err != nil || n != 2 {
					t.Errorf("transaction %s: then it finds %d rows, %v", name, n, err)
				}
				if sql := b.db.ToSQL(func(tx *gorm.DB) *gorm.DB { return tx.Model(&Post{}).Where("id > 0").Update("title", "x") }); strings.Contains(sql, " IN ") {
					t.Errorf("a dry run has keys: %s", sql)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A WITH clause names rows that the plugin's query does not know.
func TestUpdateWith(t *testing.T) {
	b := newBlog(t, dialects[1], setup{})
	db := b.db.Session(&gorm.Session{})
	db.Callback().Update().Clauses = append([]string{"WITH"}, db.Callback().Update().Clauses...)
	err := db.Clauses(with("x AS (SELECT 1 AS id)")).Model(&Post{}).Where("id IN (SELECT id FROM x)").Update("title", "new").Error
	if err != nil {
		t.Fatal(err)
	}
	b.Want(t, "all:")
}

type with string

func (with) Name() string { return "WITH" }

func (w with) MergeClause(c *clause.Clause) { c.Expression = w }

func (w with) Build(b clause.Builder) { _, _ = b.WriteString(string(w)) }

// MySQL counts a row twice that an upsert has found by a key which the model does not
// declare.
func TestMySQLCountsUnreadRows(t *testing.T) {
	d := dialects[2]
	d.open = func(dsn string) gorm.Dialector {
		return mysql.New(mysql.Config{DSN: dsn, DisableWithReturning: true}) // which MariaDB has, and MySQL has not
	}
	b := newBlog(t, d, setup{})
	if _, err := b.bare.Exec("ALTER TABLE posts ADD UNIQUE (title(20))"); err != nil {
		t.Fatal(err)
	}
	before := b.pages(t)
	err := b.db.Clauses(clause.OnConflict{DoUpdates: clause.AssignmentColumns([]string{"slug"})}).Create(&Post{Slug: "n", Title: "A"}).Error
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := b.wantFresh(t, "an upsert by the title", before); n == 0 {
		t.Error("no page has changed")
	}
}
