package gormplugin_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/gormplugin"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

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

// A FROM clause says which rows, in words that a SELECT of ours does not know.
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

func TestStrict(t *testing.T) {
	b := newBlog(t, dialects[0], setup{opts: gormplugin.Options{Strict: true}})
	for name, err := range map[string]error{
		"model": b.db.Create(&Note{ID: 9}).Error,
		"table": b.db.Table("notes").Where("id = ?", 1).Update("text", "new").Error,
	} {
		if !errors.Is(err, invalidate.ErrNoRule) || !strings.Contains(err.Error(), `"notes"`) {
			t.Errorf("%s without a rule: got %v, want %v for the notes", name, err, invalidate.ErrNoRule)
		}
	}
	if n := b.count(t, "SELECT COUNT(*) FROM notes WHERE id = 9 OR text = 'new'"); n != 0 {
		t.Error("it was written all the same")
	}
	if err := b.db.Model(&Post{ID: 1}).Association("Tags").Append(&Tag{ID: 2}); err != nil {
		t.Errorf("a join table: %v", err)
	}
	b.Want(t, "path:/a path:/tag/sql")
	tableRule(b)
	if err := b.db.Create(&Note{ID: 9}).Error; err != nil {
		t.Errorf("with a rule for the table: %v", err)
	}
	b.Want(t, "prefix:/all/notes")
}

// The rule of a post reads its tags, which no column of it holds.
func TestPreload(t *testing.T) {
	tests := []gormTest{
		{"update", func(db *gorm.DB) error { return rename(db, "n") }, []string{"path:/a path:/n path:/with/go"}},
		{"save", func(db *gorm.DB) error {
			return db.Save(&Post{ID: 1, Slug: "n"}).Error
		}, []string{"path:/a path:/n path:/with/go"}},
		{"create", func(db *gorm.DB) error {
			return db.Create(&Post{ID: 9, Slug: "n", Tags: []Tag{{ID: 2}}}).Error
		}, []string{"path:/n path:/tag/sql path:/with/sql"}},
		{"delete with its tags", func(db *gorm.DB) error {
			return db.Select("Tags").Delete(&Post{ID: 1}).Error
		}, []string{"path:/a path:/tag/go path:/with/go"}},
		{"a tag is added", func(db *gorm.DB) error {
			return db.Model(&Post{ID: 1}).Association("Tags").Append(&Tag{ID: 2})
		}, []string{"path:/a path:/tag/sql path:/with/go path:/with/sql"}},
		{"a tag is taken away", func(db *gorm.DB) error {
			return db.Model(&Post{ID: 1}).Association("Tags").Delete(&Tag{ID: 1})
		}, []string{"path:/a path:/tag/go path:/with/go"}},
	}
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{opts: gormplugin.Options{Preload: map[string][]string{"posts": {"Tags"}}}})
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

// A purge that fails does not undo the save, and is not silent.
func TestPurgeFails(t *testing.T) {
	for name, write := range map[string]func(*gorm.DB) error{
		"implicit": func(db *gorm.DB) error { return rename(db, "n") },
		"explicit": func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error { return rename(tx, "n") })
		},
		"none": func(db *gorm.DB) error {
			return rename(db.Session(&gorm.Session{SkipDefaultTransaction: true}), "n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d dialect) {
				b := newBlog(t, d, setup{})
				b.Err = errStop
				err := write(b.db)
				var failed *invalidate.PurgeError
				if !errors.As(err, &failed) || !errors.Is(err, errStop) || len(invalidate.Unpurged(err)) != 1 {
					t.Errorf("got %v, want a PurgeError", err)
				}
				if errors.Is(err, invalidate.ErrRolledBack) || errors.Is(err, invalidate.ErrCommitUnknown) {
					t.Errorf("%v: it was committed", err)
				}
				if n := b.count(t, "SELECT COUNT(*) FROM posts WHERE slug = 'n'"); n != 1 {
					t.Error("it was not saved")
				}
			})
		})
	}
}

func TestFailed(t *testing.T) {
	var told []error
	b := newBlog(t, dialects[0], setup{opts: gormplugin.Options{Failed: func(_ context.Context, err error) { told = append(told, err) }}})
	b.Err = errStop
	if err := rename(b.db, "n"); err != nil {
		t.Errorf("the save: %v", err)
	}
	if len(told) != 1 || len(invalidate.Unpurged(told[0])) != 1 {
		t.Errorf("Failed was told %v, want one PurgeError", told)
	}
	if err := rename(b.db, ""); err == nil || len(told) != 1 {
		t.Errorf("an error before COMMIT: got %v, and Failed was told %v", err, told[1:])
	}
}

func TestNew(t *testing.T) {
	for want, f := range map[string]func(){
		"gormplugin: New: the Invalidator is nil": func() { gormplugin.New(nil, nil) },
		"gormplugin: Options.MaxRows: -1 is negative": func() {
			gormplugin.New(newInvalidator(new(invtest.Recorder), nil), &gormplugin.Options{MaxRows: -1})
		},
		`gormplugin: Options.Ignore["posts"]: [""] has an empty name`: func() {
			gormplugin.New(newInvalidator(new(invtest.Recorder), nil), &gormplugin.Options{Ignore: map[string][]string{"posts": {""}}})
		},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasPrefix(got, want) {
					t.Errorf("panic: got %q, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

func TestTwoDatabasesAndOneInvalidator(t *testing.T) {
	b, c := newBlog(t, dialects[0], setup{}), newBlog(t, dialects[0], setup{})
	other, err := gorm.Open(c.db.Dialector, &gorm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	conns, err := other.DB()
	if err != nil {
		t.Fatal(err)
	}
	defer conns.Close()
	if err := other.Use(gormplugin.New(b.inv, nil)); err != nil {
		t.Fatal(err)
	}
	if err := other.Use(gormplugin.New(b.inv, nil)); !errors.Is(err, gorm.ErrRegistered) {
		t.Errorf("the plugin twice: got %v, want %v", err, gorm.ErrRegistered)
	}
	if err := errors.Join(rename(b.db, "n"), rename(other, "o")); err != nil {
		t.Fatal(err)
	}
	b.Want(t, "path:/a path:/n", "path:/a path:/o")
	c.Want(t)
}

// What GORM and its users ask of a pool, it still answers.
func TestPool(t *testing.T) {
	for _, prepare := range []bool{false, true} {
		b := newBlog(t, dialects[0], setup{gorm: gorm.Config{PrepareStmt: prepare}})
		conns, err := b.db.DB()
		if err != nil || conns.PingContext(t.Context()) != nil {
			t.Fatalf("DB: %v", err)
		}
		if _, ok := b.db.ConnPool.(*gorm.PreparedStmtDB); ok != prepare {
			t.Errorf("PrepareStmt is %v, and the pool a %T", prepare, b.db.ConnPool)
		}
		err = b.db.Transaction(func(tx *gorm.DB) error {
			if in, err := tx.DB(); err != nil || in != conns {
				t.Errorf("DB in a transaction: got %v, %v", in, err)
			}
			var n int
			if err := tx.Statement.ConnPool.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM posts").Scan(&n); err != nil || n != 2 {
				t.Errorf("a query of the pool: got %d, %v", n, err)
			}
			return nil
		}, &sql.TxOptions{ReadOnly: false})
		if err != nil {
			t.Fatal(err)
		}
	}
}
