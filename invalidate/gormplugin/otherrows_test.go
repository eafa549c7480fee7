package gormplugin_test

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/gormplugin"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// transactions are those that a write may be in.
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

// A condition that matches other rows when it is evaluated again changes the rows that
// were read, or everything is purged. Each such write changes as many rows as without
// the plugin.
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
func TestOthersChangeWhatAConditionReads(t *testing.T) {
	for _, d := range dialects[1:] { // SQLite lets nobody
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

// A Shown hides rows from queries, as a scope does, but not from updates.
type Shown bool

func (s *Shown) Scan(v any) error {
	*s = Shown(v == true || v == int64(1))
	return nil
}

func (s Shown) Value() (driver.Value, error) { return bool(s), nil }

func (Shown) QueryClauses(f *schema.Field) []clause.Interface { return []clause.Interface{shown{f}} }

type shown struct{ *schema.Field }

func (shown) Name() string               { return "" }
func (shown) Build(clause.Builder)       {}
func (shown) MergeClause(*clause.Clause) {}
func (s shown) ModifyStatement(stmt *gorm.Statement) {
	if !stmt.Unscoped {
		stmt.AddClause(clause.Where{Exprs: []clause.Expression{clause.Eq{Column: s.DBName, Value: true}}})
	}
}

type Leaf struct {
	ID    uint
	Slug  string
	Shown Shown
}

// A row that a scope or a callback hides from queries is changed nevertheless. Nothing
// says which, so everything is purged.
func TestRowsThatQueriesDoNotShow(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		if err := b.db.AutoMigrate(&Leaf{}); err != nil {
			t.Fatal(err)
		}
		invalidate.Register(b.inv, func(l *Leaf, to *invalidate.Targets) { to.Path("/leaf/" + l.Slug) })
		hide := func(db *gorm.DB) { // as a callback does
			if db.Statement.Table == "posts" && !db.Statement.Unscoped {
				db.Statement.AddClause(clause.Where{Exprs: []clause.Expression{clause.Neq{Column: "title", Value: "hidden"}}})
			}
		}
		if err := b.db.Callback().Query().Before("gorm:query").Register("test:hide", hide); err != nil {
			t.Fatal(err)
		}
		for name, in := range transactions {
			for _, test := range []struct {
				name  string
				write func(db *gorm.DB) error
			}{
				{"scope", func(db *gorm.DB) error { return db.Model(&Leaf{}).Where("slug = ?", "a").Update("shown", true).Error }},
				{"scope, for a deletion", func(db *gorm.DB) error { return db.Where("slug = ?", "a").Delete(&Leaf{}).Error }},
				{"scope, by key", func(db *gorm.DB) error { return db.Model(&Leaf{ID: 1}).Update("shown", true).Error }},
				{"callback", func(db *gorm.DB) error { return db.Model(&Post{}).Where("slug = ?", "a").Update("title", "new").Error }},
				{"callback, one of two", func(db *gorm.DB) error {
					return db.Model(&Post{}).Where("slug IN ?", []string{"a", "b"}).Update("title", "B").Error
				}},
				{"callback, for a deletion", func(db *gorm.DB) error { return db.Where("slug = ?", "a").Delete(&Post{}).Error }},
			} {
				b.reset(t)
				for _, s := range []string{"DELETE FROM leafs", "INSERT INTO leafs (id, slug, shown) VALUES (1, 'a', false)", "UPDATE posts SET title = 'hidden' WHERE slug = 'a'"} {
					if _, err := b.bare.Exec(s); err != nil {
						t.Fatal(err)
					}
				}
				if err := in(b.db, test.write); err != nil {
					t.Fatalf("%s, transaction %s: %v", test.name, name, err)
				}
				if purged := strings.Join(b.Take(), " "); !strings.Contains(purged, "all:") {
					t.Errorf("%s, transaction %s: purged %q, want everything", test.name, name, purged)
				}
				if n := b.count(t, "SELECT (SELECT COUNT(*) FROM leafs WHERE NOT shown) + (SELECT COUNT(*) FROM posts WHERE title = 'hidden' AND deleted_at IS NULL)"); n != 1 {
					t.Errorf("%s, transaction %s: the row that is not shown was not changed", test.name, name)
				}
			}
		}
	})
}

// A callback that narrows queries and updates alike, as for the tenant of a request,
// narrows what changes, also where keys take the place of a condition.
func TestTenants(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		of := func(db *gorm.DB) {
			if db.Statement.Table == "posts" {
				db.Statement.AddClause(clause.Where{Exprs: []clause.Expression{clause.Eq{Column: "author_id", Value: 1}}})
			}
		}
		_ = b.db.Callback().Query().Before("gorm:query").Register("test:tenant", of)
		_ = b.db.Callback().Update().Before("gorm:update").Register("test:tenant", of)
		random := map[string]string{"sqlite": "RANDOM() <> 0", "postgres": "RANDOM() >= 0", "mysql": "RAND() >= 0"}[d.name]
		for name, in := range transactions {
			for _, where := range []string{"id > 0", random} {
				b.reset(t)
				if _, err := b.bare.Exec("UPDATE posts SET author_id = 2 WHERE id = 2"); err != nil {
					t.Fatal(err)
				}
				before := b.pages(t)
				err := in(b.db, func(db *gorm.DB) error { return db.Model(&Post{}).Where(where).Update("title", "new").Error })
				if err != nil {
					t.Fatal(err)
				}
				n, purged := b.wantFresh(t, where, before)
				if n != 1 || slices.Contains(purged, "path:/b") {
					t.Errorf("%s, transaction %s: %d pages have changed, purged were %q", where, name, n, purged)
				}
				if slices.Contains(purged, "all:") && (name != "none at all" || where != random) {
					t.Errorf("%s, transaction %s: everything was purged", where, name)
				}
			}
		}
	})
}

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

// A condition that says which version of a row it is for changes none if there is
// another, and the statement has its condition back for the next.
func TestConditionsAreTheApplications(t *testing.T) {
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

// A WITH clause names rows that a query of ours does not know.
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

func (with) Name() string                   { return "WITH" }
func (w with) MergeClause(c *clause.Clause) { c.Expression = w }
func (w with) Build(b clause.Builder)       { _, _ = b.WriteString(string(w)) }

// MySQL counts a row twice that an upsert has found, by a key that the model does not
// declare.
func TestMySQLCountsRowsThatWereNotRead(t *testing.T) {
	d := dialects[2]
	d.open = func(dsn string) gorm.Dialector {
		return mysql.New(mysql.Config{DSN: dsn, DisableWithReturning: true}) // as MariaDB has, which MySQL has not
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
