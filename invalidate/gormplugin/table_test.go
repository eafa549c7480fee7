package gormplugin_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/gormplugin"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// However a write names its table, the rule for the Table is asked.
func TestNamesOfTables(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		invalidate.Register(b.inv, func(table gormplugin.Table, to *invalidate.Targets) {
			if table == "notes" {
				to.Group("all notes")
			}
		})
		names := map[string][]string{
			"sqlite":   {"notes", "notes AS n", "`notes`", "`notes` AS n", "main.notes"},
			"postgres": {"notes", "notes AS n", "notes n", `"notes"`, `"notes" AS n`, "notes\nAS n"},
			"mysql":    {"notes", "notes AS n", "notes n", "`notes`", "`notes` n"},
		}
		if d.name == "postgres" {
			var schema string
			if err := b.bare.QueryRow("SELECT current_schema()").Scan(&schema); err != nil {
				t.Fatal(err)
			}
			names[d.name] = append(names[d.name], schema+".notes", schema+".notes AS n", `"`+schema+`"."notes" n`)
		}
		for _, name := range names[d.name] {
			for as, db := range map[string]*gorm.DB{"alone": b.db.Table(name), "with a model": b.db.Model(&Note{}).Table(name)} {
				b.Take()
				done := db.Where("text <> ''").Updates(map[string]any{"text": "y"})
				if done.Error != nil || done.RowsAffected == 0 && d.name != "mysql" {
					t.Fatalf("%s, %s: %d rows, %v", name, as, done.RowsAffected, done.Error)
				}
				if purged := strings.Join(b.Take(), " "); purged != "group:all notes" {
					t.Errorf("%s, %s: purged %q", name, as, purged)
				}
			}
		}
	})
}

// tableRule names something for the posts and the notes.
func tableRule(b *blog) {
	invalidate.Register(b.inv, func(t gormplugin.Table, to *invalidate.Targets) {
		if t == "posts" || t == "notes" {
			to.Prefix("/all/" + string(t))
		}
	})
}

func TestTable(t *testing.T) {
	tests := []gormTest{
		{"no model", func(db *gorm.DB) error {
			return db.Table("posts").Where("id = ?", 1).Update("title", "new").Error
		}, []string{"prefix:/all/posts"}},
		{"no model, and no rule for the table", func(db *gorm.DB) error {
			return db.Table("tags").Where("id = ?", 1).Update("name", "new").Error
		}, nil},
		{"a model without a rule", func(db *gorm.DB) error {
			return db.Create(&Note{ID: 9}).Error
		}, []string{"prefix:/all/notes"}},
		{"rows that are known", func(db *gorm.DB) error { return rename(db, "n") }, []string{"path:/a path:/n"}},
		{"more rows than MaxRows", func(db *gorm.DB) error {
			return db.Model(&Post{}).Where("id > 0").Update("title", "new").Error
		}, []string{"prefix:/all/posts"}},
		{"more rows than MaxRows deleted", func(db *gorm.DB) error {
			return db.Where("id > 0").Delete(&Post{}).Error
		}, []string{"prefix:/all/posts"}},
		{"more rows than MaxRows, and no rule for the table", func(db *gorm.DB) error {
			return db.Model(&Author{}).Where("id > 0").Update("name", "new").Error
		}, []string{"all:"}},
		{"all rows", func(db *gorm.DB) error {
			return db.Session(&gorm.Session{AllowGlobalUpdate: true}).Model(&Post{}).Update("title", "new").Error
		}, []string{"prefix:/all/posts"}},
		{"all rows, by mistake", func(db *gorm.DB) error {
			if err := db.Model(&Post{}).Update("title", "new").Error; !errors.Is(err, gorm.ErrMissingWhereClause) {
				return fmt.Errorf("got %w, want %w", err, gorm.ErrMissingWhereClause)
			}
			return nil
		}, nil},
		{"SQL that says so", func(db *gorm.DB) error {
			return gormplugin.Changes(db, gormplugin.Table("posts")).Exec("UPDATE posts SET title = 'new'").Error
		}, []string{"prefix:/all/posts"}},
		{"SQL that says so, and fails", func(db *gorm.DB) error {
			if err := gormplugin.Changes(db, gormplugin.Table("posts")).Exec("UPDATE nothing").Error; err == nil {
				return errors.New("no error")
			}
			return nil
		}, nil},
		{"an upsert of maps", func(db *gorm.DB) error {
			return db.Model(&Post{}).Clauses(clause.OnConflict{UpdateAll: true}).Create(map[string]any{"id": 1, "slug": "n"}).Error
		}, []string{"path:/n prefix:/all/posts"}},
	}
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{opts: gormplugin.Options{MaxRows: 1}})
		tableRule(b)
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				b.reset(t)
				if err := test.write(b.db); err != nil {
					t.Fatal(err)
				}
				b.Want(t, test.want...)
			})
		}
	})
}

// A FROM clause says which rows, in words that the plugin's SELECT does not know.
func TestUpdateFrom(t *testing.T) {
	b := newBlog(t, dialects[1], setup{})
	err := b.db.Model(&Post{}).Clauses(clause.From{Tables: []clause.Table{{Name: "authors"}}}).
		Where("posts.author_id = authors.id AND authors.name = ?", "ada").Update("title", "new").Error
	if err != nil {
		t.Fatal(err)
	}
	if n := b.count(t, "SELECT COUNT(*) FROM posts WHERE title = 'new'"); n != 2 {
		t.Errorf("%d posts were changed, want 2", n)
	}
	b.Want(t, "all:")
}

// A row that comes to match between the SELECT and the UPDATE is counted.
func TestRowsThatCameInBetween(t *testing.T) {
	b := newBlog(t, dialects[1], setup{})
	tableRule(b)
	err := b.db.Callback().Update().Before("gorm:update").Register("test:between", func(*gorm.DB) {
		if _, err := b.bare.Exec("INSERT INTO posts (id, slug, author_id) VALUES (3, 'c', 1)"); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.db.Model(&Post{}).Where("author_id = ?", 1).Update("title", "new").Error; err != nil {
		t.Fatal(err)
	}
	b.Want(t, "path:/a path:/b prefix:/all/posts")
}
