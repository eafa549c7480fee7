package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"github.com/uncache/uncache/keys"
)

// pages stands for the application's page cache, and prints what it is told.
var pages = invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
	fmt.Println("purge:", e.Reason)
	for _, d := range e.Dependencies {
		fmt.Println(" ", d)
	}
	return nil
})

func Example() {
	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) {
		to.Route(postPage, p.Slug)           // "GET /blog/{slug}/{$}"
		to.Route(index)                      // "GET /blog/{$}", with all its ?page=
		to.Path("/rss/blog/", "/atom/blog/") // the feeds
		to.Group("author:" + p.Author)       // the pages that a handler put into the author's group
	})

	// After the save:
	if err := inv.Invalidate(context.Background(), &Post{ID: 42, Slug: "hello", Author: "ada"}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// purge: invalidate_test.Post 42 saved
	//   group:author:ada
	//   path:/atom/blog/
	//   path:/blog/
	//   path:/blog/hello/
	//   path:/rss/blog/
}

// After a slug has changed, the page under the old URL is purged, too.
func ExampleInvalidator_Invalidate() {
	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) {
		to.Route(postPage, p.Slug)
	})

	before := &Post{ID: 42, Slug: "hello"}
	after := &Post{ID: 42, Slug: "hello-world"}
	if err := inv.Invalidate(context.Background(), before, after); err != nil {
		fmt.Println(err)
	}
	// Output:
	// purge: invalidate_test.Post 42 saved
	//   path:/blog/hello-world/
	//   path:/blog/hello/
}

// The dry run shows what would be purged, and by which rule.
func ExampleInvalidator_Resolve() {
	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) {
		to.Route(postPage, p.Slug)
		to.Model(Author{p.Author}) // whose page shows the latest post
	})
	invalidate.Register(inv, func(a Author, to *invalidate.Targets) {
		to.Path("/authors/" + a.Name + "/")
	})

	targets, err := inv.Resolve(&Post{ID: 42, Slug: "hello", Author: "ada"})
	fmt.Print(targets)
	fmt.Println(err)
	// Output:
	// path:/authors/ada/  invalidate_test.Post 42 -> invalidate_test.Author ada
	// path:/blog/hello/   invalidate_test.Post 42
	// <nil>
}

// InTx purges after COMMIT, and nothing after a ROLLBACK.
func ExampleInvalidator_InTx() {
	db := sql.OpenDB(&database{invtest.NewScript(new(invtest.Trace))}) // any database
	defer db.Close()
	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) {
		to.Route(postPage, p.Slug)
	})

	p := &Post{ID: 42, Slug: "hello"}
	err := inv.InTx(context.Background(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE posts SET ..."); err != nil {
			return err
		}
		err := inv.Invalidate(ctx, p)
		fmt.Println("saved, not committed:", err)
		return err
	})

	var failed *invalidate.PurgeError
	switch {
	case err == nil:
		fmt.Println("saved and purged")
	case errors.Is(err, invalidate.ErrRolledBack):
		fmt.Println("not saved:", err)
	case errors.Is(err, invalidate.ErrCommitUnknown):
		fmt.Println("saved or not:", err)
	case errors.As(err, &failed):
		fmt.Println("saved; still old:", invalidate.Unpurged(err))
	default:
		fmt.Println("not begun:", err)
	}
	// Output:
	// saved, not committed: <nil>
	// purge: invalidate_test.Post 42 saved
	//   path:/blog/hello/
	// saved and purged
}

// A batch makes one purge of many saves. A save that fails does not undo those before
// it, so the batch is flushed in any case.
func ExampleWithBatch() {
	inv := newBlog(pages, nil)
	save := func(_ context.Context, p *Post) error { // and commits
		if p.Slug == "hedy" {
			return errors.New("disk full")
		}
		return nil
	}
	importAll := func(ctx context.Context) (err error) {
		ctx, batch := invalidate.WithBatch(invalidate.WithReason(ctx, "nightly import"))
		defer func() { err = errors.Join(err, batch.Flush(ctx)) }()
		for id, slug := range []string{"ada", "grace", "hedy"} {
			p := &Post{ID: id, Slug: slug}
			if err := save(ctx, p); err != nil {
				return err
			}
			if err := inv.Invalidate(ctx, p); err != nil {
				return err
			}
		}
		return nil
	}
	fmt.Println(importAll(context.Background()))
	// Output:
	// purge: nightly import
	//   path:/blog/
	//   path:/blog/ada/
	//   path:/blog/grace/
	// disk full
}

// transaction is of a library other than database/sql.
type transaction struct{ lost error }

func (t transaction) Exec(context.Context, string) error { return nil }
func (t transaction) Commit(context.Context) error       { return t.lost }
func (t transaction) Rollback(context.Context) error     { return nil }

// A batch serves transactions that InTx cannot run.
func ExampleBatch() {
	inv := newBlog(pages, nil)
	save := func(ctx context.Context, tx transaction, p *Post) error {
		ctx, batch := invalidate.WithBatch(ctx)
		err := tx.Exec(ctx, "UPDATE posts SET ...")
		if err == nil {
			err = inv.Invalidate(ctx, p)
		}
		if err != nil {
			batch.Discard()
			return errors.Join(err, tx.Rollback(ctx))
		}
		// A COMMIT that failed may have committed. Then the pages are old.
		return errors.Join(tx.Commit(ctx), batch.Flush(ctx))
	}
	fmt.Println(save(context.Background(), transaction{}, &Post{ID: 42, Slug: "hello"}))
	fmt.Println(save(context.Background(), transaction{errors.New("connection lost")}, &Post{ID: 43, Slug: "bye"}))
	// Output:
	// purge: invalidate_test.Post 42 saved
	//   path:/blog/
	//   path:/blog/hello/
	// <nil>
	// purge: invalidate_test.Post 43 saved
	//   path:/blog/
	//   path:/blog/bye/
	// connection lost
}

// printer is a cache that prints what is deleted from it.
type printer struct{ cache.Cache }

func (printer) Get(context.Context, string) ([]byte, bool, error)        { return nil, false, nil }
func (printer) Set(context.Context, string, []byte, time.Duration) error { return nil }
func (printer) Delete(_ context.Context, keys ...string) error {
	fmt.Println(len(keys), "keys") // by http and by https
	return nil
}

// Over a cache without a log, Keys computes keys and deletes them.
func ExampleKeys() {
	b, err := keys.New("views", &keys.Options{Hosts: []string{"example.com"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	inv := invalidate.New(invalidate.Keys(printer{}, b), nil)
	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) {
		to.Route(postPage, p.Slug)
		to.Group("author:" + p.Author)
	})
	err = inv.Invalidate(context.Background(), &Post{Slug: "hello", Author: "ada"})
	fmt.Println(errors.Is(err, invalidate.ErrUnsupported))
	fmt.Println(err)
	// Output:
	// 2 keys
	// true
	// invalidate: invalidate_test.Post: purge group author:ada, /blog/hello/: invalidate.Keys: no key can be computed: group author:ada
}

// The cache first, then the CDN in front of it.
func ExamplePurgers() {
	cdn := invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
		return errors.New("cdn: 503")
	})
	inv := newBlog(invalidate.Purgers{pages, cdn}, nil)
	fmt.Println(inv.Invalidate(context.Background(), &Post{ID: 42, Slug: "hello"}))
	// Output:
	// purge: invalidate_test.Post 42 saved
	//   path:/blog/
	//   path:/blog/hello/
	// invalidate: invalidate_test.Post: purge /blog/, /blog/hello/: cdn: 503
}
