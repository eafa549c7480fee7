package pgxtx_test

import (
	"context"
	"log"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/outbox"
	"github.com/uncache/uncache/invalidate/pgxtx"
)

// With an outbox: its relay works through database/sql, on the connections of the same
// pool, and is told at once what was saved. The example is not run, since it needs a
// database.
func Example_outbox() {
	ctx := context.Background()
	var pages invalidate.Purger // a *pagecache.Cache

	pool, err := pgxpool.New(ctx, "postgres://localhost/blog")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()

	box, err := outbox.New(db, outbox.PostgreSQL, pages, nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := box.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	if err := box.Start(); err != nil {
		log.Fatal(err)
	}
	defer box.Close()

	listener, err := pgxtx.Listen(pool.Config().ConnConfig, box.Wake, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close() // before the outbox that it wakes

	inv := invalidate.New(pages, &invalidate.Options{Outbox: pgxtx.Notify(box, "")})
	_ = inv // for pgxtx.InTx, with the pool
}
