package gormplugin_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/gormplugin"
	"gorm.io/gorm"
)

type valueKey struct{}

func TestContext(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		db := b.db.WithContext(context.WithValue(t.Context(), valueKey{}, "mine"))
		if cache.Bypassed(gormplugin.Context(db)) {
			t.Error("the cache is bypassed outside of a transaction")
		}
		err := db.Transaction(func(tx *gorm.DB) error {
			ctx := gormplugin.Context(tx)
			if !cache.Bypassed(ctx) {
				t.Error("the cache is not bypassed in a transaction")
			}
			if ctx.Value(valueKey{}) != "mine" {
				t.Error("the context's own value is lost")
			}
			if again := gormplugin.Context(tx.WithContext(ctx)); again != ctx {
				t.Error("the context of the context is another one")
			}
			if err := b.inv.Invalidate(ctx, &Author{Name: "eve"}); err != nil {
				return err
			}
			b.Want(t)
			return rename(tx, "n")
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/a path:/by/eve path:/n")
		err = db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(b.inv.Invalidate(gormplugin.Context(tx), &Author{Name: "eve"}), errStop)
		})
		if !errors.Is(err, errStop) {
			t.Fatal(err)
		}
		b.Want(t)
	})
}

// A Hooked records the contexts in which its hooks are called.
type Hooked struct {
	ID   uint
	Name string
	seen *[]bool
}

func (h *Hooked) note(tx *gorm.DB) error {
	if h.seen != nil {
		*h.seen = append(*h.seen, cache.Bypassed(tx.Statement.Context))
	}
	return nil
}

func (h *Hooked) BeforeSave(tx *gorm.DB) error   { return h.note(tx) }
func (h *Hooked) AfterCreate(tx *gorm.DB) error  { return h.note(tx) }
func (h *Hooked) AfterUpdate(tx *gorm.DB) error  { return h.note(tx) }
func (h *Hooked) BeforeDelete(tx *gorm.DB) error { return h.note(tx) }
func (h *Hooked) AfterDelete(tx *gorm.DB) error  { return h.note(tx) }
func (h *Hooked) AfterFind(tx *gorm.DB) error    { return h.note(tx) }

func TestHooksBypassTheCache(t *testing.T) {
	b := newBlog(t, dialects[0], setup{})
	if err := b.db.AutoMigrate(&Hooked{}); err != nil {
		t.Fatal(err)
	}
	var seen []bool
	h := &Hooked{ID: 1, Name: "x", seen: &seen}
	if err := errors.Join(b.db.Create(h).Error, b.db.Save(h).Error, b.db.Delete(h).Error, b.db.Create(h).Error); err != nil {
		t.Fatal(err)
	}
	err := b.db.Transaction(func(tx *gorm.DB) error { return tx.First(h).Error })
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != 9 {
		t.Errorf("%d hooks were called, want 9", len(seen))
	}
	for i, bypassed := range seen {
		if !bypassed {
			t.Errorf("hook %d reads through the cache in a transaction", i)
		}
	}
	seen = nil
	stmt := b.db.Where("id = ?", 1)
	if err := stmt.First(h).Error; err != nil {
		t.Fatal(err)
	}
	if len(seen) != 1 || seen[0] {
		t.Errorf("outside of a transaction the hook was called with bypass %v, want [false]", seen)
	}
}

// A statement is used again, outside of the transaction.
func TestContextIsGivenBack(t *testing.T) {
	b := newBlog(t, dialects[0], setup{})
	stmt := b.db.Model(&Post{}).Where("id = ?", 1)
	if err := stmt.Update("slug", "n").Error; err != nil {
		t.Fatal(err)
	}
	if cache.Bypassed(stmt.Statement.Context) {
		t.Error("the transaction is over, and its context is still there")
	}
	b.Want(t, "path:/a path:/n")
}

// The writer reads what it has written. Others read it only after COMMIT.
func TestReadThroughCacheInTransaction(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		store, err := coherent.New(memory.New(nil), nil)
		if err != nil {
			t.Fatal(err)
		}
		inv := invalidate.New(store, nil)
		invalidate.Register(inv, func(p *Post, to *invalidate.Targets) { to.Group("posts") })
		db, err := gorm.Open(b.db.Dialector, &gorm.Config{})
		if err != nil {
			t.Fatal(err)
		}
		conns, err := db.DB()
		if err != nil {
			t.Fatal(err)
		}
		defer conns.Close()
		if err := db.Use(gormplugin.New(inv, nil)); err != nil {
			t.Fatal(err)
		}
		db = db.WithContext(t.Context())
		title := func(db *gorm.DB) string {
			t.Helper()
			title, err := coherent.Fetch(gormplugin.Context(db), store, "title", time.Minute, func(ctx context.Context, deps *coherent.Deps) (string, error) {
				deps.AddGroups("posts")
				var p Post
				err := db.WithContext(ctx).First(&p, 1).Error
				return p.Title, err
			})
			if err != nil {
				t.Fatal(err)
			}
			return title
		}
		is := func(db *gorm.DB, who, want string) {
			t.Helper()
			if got := title(db); got != want {
				t.Errorf("%s reads %q, want %q", who, got, want)
			}
		}
		is(db, "anybody", "A")
		err = db.Transaction(func(tx *gorm.DB) error {
			if err := retitle(tx, 1); err != nil {
				return err
			}
			is(tx, "the writer", "new")
			is(db, "anybody", "A")
			return errStop
		})
		if !errors.Is(err, errStop) {
			t.Fatal(err)
		}
		is(db, "anybody, after ROLLBACK,", "A")
		if err := db.Transaction(func(tx *gorm.DB) error { return retitle(tx, 1) }); err != nil {
			t.Fatal(err)
		}
		is(db, "anybody, after COMMIT,", "new")
	})
}

// Another *gorm.DB begins a transaction that commits by itself, whatever becomes of the
// outer one.
func TestTransactionInContextOfAnother(t *testing.T) {
	for _, skip := range []bool{false, true} {
		b := newBlog(t, dialects[1], setup{gorm: gorm.Config{SkipDefaultTransaction: skip}})
		err := b.db.Transaction(func(tx *gorm.DB) error {
			if err := retitle(tx, 2); err != nil {
				return err
			}
			if err := rename(b.db.WithContext(gormplugin.Context(tx)), "n"); err != nil {
				return err
			}
			b.Want(t, "path:/a path:/n")
			return errStop
		})
		if !errors.Is(err, errStop) {
			t.Fatal(err)
		}
		b.Want(t)
	}
}

func TestForeignTransaction(t *testing.T) {
	each(t, func(t *testing.T, d dialect) {
		b := newBlog(t, d, setup{})
		err := b.db.Connection(func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error { return rename(tx, "n") })
		})
		if !errors.Is(err, gormplugin.ErrForeignTx) {
			t.Errorf("got %v, want %v", err, gormplugin.ErrForeignTx)
		}
		err = b.db.Connection(func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error {
				return gormplugin.Changes(tx, &Post{Slug: "said"}).Exec("UPDATE posts SET title = 'new'").Error
			})
		})
		if !errors.Is(err, gormplugin.ErrForeignTx) {
			t.Errorf("SQL: got %v, want %v", err, gormplugin.ErrForeignTx)
		}
		if n := b.count(t, "SELECT COUNT(*) FROM posts WHERE slug = 'n' OR title = 'new'"); n != 0 {
			t.Error("it was written nevertheless")
		}
		b.Want(t)
		// A table without a rule may be written.
		err = b.db.Connection(func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error { return tx.Create(&Note{ID: 9}).Error })
		})
		if err != nil {
			t.Error(err)
		}
		ctx, batch := invalidate.WithBatch(t.Context())
		err = b.db.WithContext(ctx).Connection(func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error { return rename(tx, "n") })
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Want(t)
		if err := batch.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		b.Want(t, "path:/a path:/n")
	})
}
