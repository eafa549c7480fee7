package enthook_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/enthook"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen"
	"github.com/uncache/uncache/invalidate/enthook/internal/enttest/gen/post"
)

// pages stands for the application's page cache, and prints what it is told.
var pages = invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
	fmt.Println("purge:", e.Dependencies)
	return nil
})

// open returns a client whose saves are purged.
func open(inv *invalidate.Invalidator) (*gen.Client, *enthook.Driver) {
	db, err := sql.Open("sqlite", "file::memory:?_pragma=foreign_keys(1)")
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(1) // the memory belongs to one connection
	drv := enthook.New(entsql.OpenDB(dialect.SQLite, db), inv, &enthook.Options{
		Failed: func(_ context.Context, err error) {
			if !errors.Is(err, invalidate.ErrKept) { // the outbox will purge an ErrKept
				fmt.Println("not purged:", err)
			}
		},
	})
	client := gen.NewClient(gen.Driver(drv))
	client.Use(drv.Hook)
	if err := client.Schema.Create(context.Background()); err != nil {
		panic(err)
	}
	return client, drv
}

func Example() {
	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(p *gen.Post, to *invalidate.Targets) {
		to.Path("/blog/" + p.Slug + "/")
	})
	client, _ := open(inv)
	defer client.Close()

	ctx := context.Background()
	p := client.Post.Create().SetSlug("hello").SaveX(ctx)
	p = client.Post.UpdateOne(p).SetSlug("hello-world").SaveX(ctx)
	client.Post.DeleteOne(p).ExecX(ctx)
	// Output:
	// purge: [path:/blog/hello/]
	// purge: [path:/blog/hello-world/ path:/blog/hello/]
	// purge: [path:/blog/hello-world/]
}

// A transaction is one purge, after COMMIT.
func ExampleInTx() {
	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(p *gen.Post, to *invalidate.Targets) {
		to.Path("/blog/" + p.Slug + "/")
	})
	client, _ := open(inv)
	defer client.Close()

	err := enthook.InTx(context.Background(), client.Tx, func(ctx context.Context, tx *gen.Tx) error {
		if err := tx.Post.Create().SetSlug("a").Exec(ctx); err != nil {
			return err
		}
		fmt.Println("saved, not committed")
		return tx.Post.Create().SetSlug("b").Exec(ctx)
	})
	fmt.Println(err)
	// Output:
	// saved, not committed
	// purge: [path:/blog/a/ path:/blog/b/]
	// <nil>
}

// A rule that needs the entities at an edge gets them.
func ExampleLoad() {
	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(p *gen.Post, to *invalidate.Targets) {
		to.Path("/blog/" + p.Slug + "/")
		for _, t := range p.Edges.Tags {
			to.Path("/tags/" + t.Name + "/")
		}
	})
	client, drv := open(inv)
	defer client.Close()
	enthook.Load(drv, func(ctx context.Context, m *gen.PostMutation, ids []int) ([]*gen.Post, error) {
		return m.Client().Post.Query().Where(post.IDIn(ids...)).WithTags().All(ctx)
	})

	ctx := context.Background()
	golang := client.Tag.Create().SetName("go").SaveX(ctx)
	p := client.Post.Create().SetSlug("hello").AddTags(golang).SaveX(ctx)
	client.Post.UpdateOne(p).RemoveTags(golang).ExecX(ctx)
	// Output:
	// purge: [path:/blog/hello/ path:/tags/go/]
	// purge: [path:/blog/hello/ path:/tags/go/]
}
