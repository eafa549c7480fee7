package pglog_test

import (
	"context"
	"database/sql"
	"log"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/backend/pglog"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
)

// Pages in the memory of each process, the log in PostgreSQL: the row and its purge are
// committed together.
func Example() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://app@localhost/site?pool_max_conns=4")
	if err != nil {
		log.Fatal(err)
	}
	purges, err := pglog.New(pool, nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := purges.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	pages, err := pagecache.Open(cache.Join(memory.New(nil), purges), nil)
	if err != nil {
		log.Fatal(err)
	}

	type Post struct{ Slug, Title string }
	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) { to.Path("/blog/" + p.Slug + "/") })

	own, err := pgxpool.New(ctx, "postgres://app@localhost/site")
	if err != nil {
		log.Fatal(err)
	}
	db := stdlib.OpenDBFromPool(own)
	err = inv.InTx(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
		p := &Post{"hello", "Hello, world"}
		if _, err := tx.ExecContext(ctx, "UPDATE posts SET title = $1 WHERE slug = $2", p.Title, p.Slug); err != nil {
			return err
		}
		return inv.Invalidate(ctx, p)
	})
	if err != nil {
		log.Fatal(err)
	}
}
