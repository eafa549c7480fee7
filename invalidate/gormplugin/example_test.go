package gormplugin_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/glebarez/sqlite"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/gormplugin"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// open returns a database of articles and their writers, in a directory to remove.
func open() (*gorm.DB, func()) {
	dir, err := os.MkdirTemp("", "gormplugin")
	if err != nil {
		panic(err)
	}
	db, err := gorm.Open(sqlite.Open(filepath.Join(dir, "blog.db")), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		panic(err)
	}
	if err := db.AutoMigrate(&Writer{}, &Article{}); err != nil {
		panic(err)
	}
	return db, func() {
		if conns, err := db.DB(); err == nil {
			conns.Close()
		}
		os.RemoveAll(dir)
	}
}

type Writer struct {
	ID   uint
	Name string
}

type Article struct {
	ID       uint
	Slug     string
	Title    string
	WriterID *uint
	Writer   *Writer
}

// pages stands for a page cache.
var pages = invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
	fmt.Println("purge", e.Dependencies)
	return nil
})

func Example() {
	db, done := open()
	defer done()

	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(a *Article, to *invalidate.Targets) {
		to.Path("/blog/" + a.Slug + "/")
		to.Path("/blog/")
	})
	if err := db.Use(gormplugin.New(inv, nil)); err != nil {
		fmt.Println(err)
		return
	}

	article := Article{Slug: "hello", Title: "Hello"}
	db.Create(&article)

	// The update knows one of three columns, and the row had another URL.
	db.Model(&Article{}).Where("title = ?", "Hello").Update("slug", "bye")

	// Purged after COMMIT. What was rolled back to a savepoint does not count.
	db.Transaction(func(tx *gorm.DB) error {
		tx.Create(&Article{Slug: "one"})
		tx.Transaction(func(tx *gorm.DB) error {
			tx.Create(&Article{Slug: "two"})
			return errors.New("no")
		})
		fmt.Println("commit")
		return nil
	})

	// Output:
	// purge [path:/blog/ path:/blog/hello/]
	// purge [path:/blog/ path:/blog/bye/ path:/blog/hello/]
	// commit
	// purge [path:/blog/ path:/blog/one/]
}

// What GORM cannot know is said by Changes.
func ExampleChanges() {
	db, done := open()
	defer done()
	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(t gormplugin.Table, to *invalidate.Targets) {
		if t == "articles" {
			to.Prefix("/blog/")
		}
	})
	if err := db.Use(gormplugin.New(inv, nil)); err != nil {
		fmt.Println(err)
		return
	}
	gormplugin.Changes(db, gormplugin.Table("articles")).Exec("UPDATE articles SET title = upper(title)")
	// Output: purge [prefix:/blog]
}

// The rule of an article reads its writer.
func ExampleOptions_preload() {
	db, done := open()
	defer done()
	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(a *Article, to *invalidate.Targets) {
		to.Path("/blog/" + a.Slug + "/")
		if a.Writer != nil {
			to.Group("by:" + a.Writer.Name)
		}
	})
	db.Create(&Article{ID: 1, Slug: "hello", Writer: &Writer{Name: "ada"}})
	err := db.Use(gormplugin.New(inv, &gormplugin.Options{
		Preload: map[string][]string{"articles": {"Writer"}},
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	db.Model(&Article{ID: 1}).Update("title", "Hello!")
	// Output: purge [group:by:ada path:/blog/hello/]
}

// In a transaction, call Invalidate and read the cache with the transaction's context.
func ExampleContext() {
	db, done := open()
	defer done()
	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(w *Writer, to *invalidate.Targets) { to.Group("by:" + w.Name) })
	if err := db.Use(gormplugin.New(inv, nil)); err != nil {
		fmt.Println(err)
		return
	}
	err := db.Transaction(func(tx *gorm.DB) error {
		ctx := gormplugin.Context(tx)
		fmt.Println("bypass the cache:", cache.Bypassed(ctx))
		if err := inv.Invalidate(ctx, &Writer{Name: "ada"}); err != nil {
			return err
		}
		fmt.Println("commit")
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// bypass the cache: true
	// commit
	// purge [group:by:ada]
}

// What an error says about the save.
func ExamplePlugin_errors() {
	db, done := open()
	defer done()
	inv := invalidate.New(invalidate.PurgerFunc(func(context.Context, cache.Event) error {
		return errors.New("connection refused")
	}), nil)
	invalidate.Register(inv, func(w *Writer, to *invalidate.Targets) { to.Group("by:" + w.Name) })
	if err := db.Use(gormplugin.New(inv, nil)); err != nil {
		fmt.Println(err)
		return
	}

	switch err := db.Create(&Writer{Name: "ada"}).Error; {
	case err == nil:
		fmt.Println("saved, and purged or kept")
	case errors.Is(err, invalidate.ErrCommitUnknown):
		fmt.Println("saved or not")
	case invalidate.SavedNotPurged(err):
		fmt.Println("saved, but to be purged again:", invalidate.Unpurged(err)[0].Dependencies)
	default:
		fmt.Println("not saved:", err)
	}
	// Output: saved, but to be purged again: [group:by:ada]
}
