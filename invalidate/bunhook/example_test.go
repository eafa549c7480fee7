package bunhook_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/bunhook"
)

// pages stands for the application's page cache, and prints what it is told.
var pages = invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
	fmt.Println("purge:", e.Dependencies)
	return nil
})

type Article struct {
	ID   int64 `bun:",pk,autoincrement"`
	Slug string
	Hits int
}

// open returns a database whose saves are purged.
func open(inv *invalidate.Invalidator) (*bun.DB, *bunhook.Hook) {
	sqldb, err := sql.Open("sqlite", "file::memory:")
	if err != nil {
		panic(err)
	}
	sqldb.SetMaxOpenConns(1) // the memory belongs to one connection
	hook := bunhook.New(inv, &bunhook.Options{
		Failed: func(_ context.Context, err error) {
			if !errors.Is(err, invalidate.ErrKept) { // the outbox will purge an ErrKept
				fmt.Println("not purged:", err)
			}
		},
	})
	db := bun.NewDB(sqldb, sqlitedialect.New()).WithQueryHook(hook)
	if _, err := db.NewCreateTable().Model((*Article)(nil)).Exec(context.Background()); err != nil {
		panic(err)
	}
	return db, hook
}

func Example() {
	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(a *Article, to *invalidate.Targets) {
		to.Path("/blog/" + a.Slug + "/")
	})
	db, hook := open(inv)
	defer db.Close()

	article := &Article{Slug: "hello"}
	err := hook.InTx(context.Background(), db, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(article).Exec(ctx); err != nil {
			return err
		}
		fmt.Println("saved, not committed")
		return nil
	})
	fmt.Println(err)

	err = hook.InTx(context.Background(), db, nil, func(ctx context.Context, tx bun.Tx) error {
		article.Slug = "hello-world"
		_, err := tx.NewUpdate().Model(article).Column("slug").WherePK().Exec(ctx)
		return err
	})
	fmt.Println(err)
	// Output:
	// saved, not committed
	// purge: [path:/blog/hello/]
	// <nil>
	// purge: [path:/blog/hello-world/ path:/blog/hello/]
	// <nil>
}

// A statement with a condition does not say which rows it changes.
func ExampleTable() {
	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(a *Article, to *invalidate.Targets) {
		to.Path("/blog/" + a.Slug + "/")
	})
	invalidate.Register(inv, func(t bunhook.Table, to *invalidate.Targets) {
		if t.Name == "articles" {
			to.Prefix("/blog/")
		}
	})
	db, _ := open(inv)
	defer db.Close()

	ctx := context.Background()
	if _, err := db.NewInsert().Model(&[]Article{{Slug: "a"}, {Slug: "b"}}).Exec(ctx); err != nil {
		fmt.Println(err)
	}
	if _, err := db.NewUpdate().Model((*Article)(nil)).Set("hits = 0").Where("hits < 10").Exec(ctx); err != nil {
		fmt.Println(err)
	}
	// It does if it returns them as they were.
	var rows []Article
	if _, err := db.NewDelete().Model(&rows).Where("slug = 'a'").Returning("*").Exec(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// purge: [path:/blog/a/ path:/blog/b/]
	// purge: [prefix:/blog]
	// purge: [path:/blog/a/]
}
