package pgxtx_test

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"github.com/uncache/uncache/invalidate/pgxtx"
)

// What sqlc generates for pgx, in short.
type DBTX interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
}

type Queries struct{ db DBTX }

func New(db DBTX) *Queries { return &Queries{db: db} }

func (q *Queries) WithTx(tx pgx.Tx) *Queries { return &Queries{db: tx} }

const renamePost = `-- name: RenamePost :exec
UPDATE posts SET slug = $1 WHERE slug = $2`

func (q *Queries) RenamePost(ctx context.Context, slug, old string) error {
	_, err := q.db.Exec(ctx, renamePost, slug, old)
	return err
}

// Queries of sqlc, in a transaction of pgx.
func ExampleInTx() {
	inv := newBlog(invalidate.PurgerFunc(func(_ context.Context, e cache.Event) error {
		fmt.Println("purge", e.Dependencies)
		return nil
	}), nil)
	var pool pgxtx.Beginner = database{invtest.NewScript(new(invtest.Trace))} // a *pgxpool.Pool
	queries := New(nil)

	ctx := context.Background()
	err := pgxtx.InTx(ctx, pool, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		if err := queries.WithTx(tx).RenamePost(ctx, "hello-world", "hello"); err != nil {
			return err
		}
		fmt.Println("saved, not committed")
		return inv.Invalidate(ctx, Post{"hello"}, Post{"hello-world"})
	})
	fmt.Println(err)
	// Output:
	// saved, not committed
	// purge [path:/hello path:/hello-world]
	// <nil>
}
