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
)

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
		t.Error("it was written nevertheless")
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

// The rule of a post reads its tags, which are in no column of it.
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

func TestTwoDatabases(t *testing.T) {
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

// The plugin's pool answers what GORM and applications ask of a pool.
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
