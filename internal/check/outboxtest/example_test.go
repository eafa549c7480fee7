package outboxtest

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/outbox"
)

// A saver that dies between COMMIT and purge, and a relay that purges for it.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "outbox")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "blog.db")+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	pages := invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
		if len(e.Dependencies) > 0 {
			fmt.Println("purged", e.Dependencies, "because:", e.Reason)
		}
		return nil
	})
	box, err := outbox.New(db, outbox.SQLite, pages, nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := box.Migrate(ctx); err != nil {
		log.Fatal(err)
	}

	// The save and its purge commit together. Package invalidate does this for
	// every transaction, if its Options.Outbox is box.
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := tx.Exec(`CREATE TABLE posts (slug TEXT)`); err != nil {
		log.Fatal(err)
	}
	if _, err := box.Enqueue(ctx, tx, []cache.Event{{
		Dependencies: []cache.Dependency{cache.Path("/blog/hello/")},
		Reason:       "blog.Post 42 saved",
	}}); err != nil {
		log.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		log.Fatal(err)
	}
	// Here the process may be killed. The next one starts a relay, which would
	// find the row in a second. Close does not wait so long.
	if err := box.Start(); err != nil {
		log.Fatal(err)
	}
	if err := box.Close(); err != nil {
		log.Fatal(err)
	}
	s, err := box.Stats(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("pending:", s.Pending)
	// Output:
	// purged [path:/blog/hello/] because: blog.Post 42 saved (by the outbox)
	// pending: 0
}
