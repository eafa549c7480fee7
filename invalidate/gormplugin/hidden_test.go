package gormplugin_test

import (
	"database/sql/driver"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// A Shown hides rows from queries, as a scope does, but not from updates.
type Shown bool

func (s *Shown) Scan(v any) error {
	*s = Shown(v == true || v == int64(1))
	return nil
}

func (s Shown) Value() (driver.Value, error) { return bool(s), nil }

func (Shown) QueryClauses(f *schema.Field) []clause.Interface { return []clause.Interface{shown{f}} }

type shown struct{ *schema.Field }

func (shown) Name() string { return "" }

func (shown) Build(clause.Builder) {}

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

// A row that a scope or a callback hides from queries is changed. Nothing says which,
// so everything is purged.
func TestRowsHiddenFromQueries(t *testing.T) {
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
// narrows what changes, also where keys replace the condition.
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
