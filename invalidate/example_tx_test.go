package invalidate_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

// The order is saved without its coupon, and only the order's page is purged.
func ExampleSavepoint() {
	db := sql.OpenDB(&database{invtest.NewScript(new(invtest.Trace))}) // any database
	defer db.Close()
	inv := newBlog(pages, nil)

	err := inv.InTx(context.Background(), db, nil, func(ctx context.Context, tx *sql.Tx) error {
		if err := inv.Invalidate(ctx, &Post{ID: 1, Slug: "order"}); err != nil {
			return err
		}
		err := invalidate.Savepoint(ctx, tx, func(ctx context.Context) error {
			if err := inv.Invalidate(ctx, &Post{ID: 2, Slug: "coupon"}); err != nil {
				return err
			}
			return errors.New("the coupon has expired")
		})
		if errors.Is(err, invalidate.ErrRolledBack) {
			fmt.Println("without coupon:", err)
			return nil
		}
		return err
	})
	fmt.Println(err)
	// Output:
	// without coupon: the coupon has expired
	// purge: invalidate_test.Post 1 saved
	//   path:/blog/
	//   path:/blog/order/
	// <nil>
}

// wrapped is a transaction as sqlx has it: one of database/sql, and more.
type wrapped struct{ *sql.Tx }

// A transaction of another type, such as *sqlx.Tx, keeps its type.
func ExampleTransact() {
	db := sql.OpenDB(&database{invtest.NewScript(new(invtest.Trace))})
	defer db.Close()
	inv := newBlog(pages, nil)

	begin := func(ctx context.Context) (wrapped, error) {
		tx, err := db.BeginTx(ctx, nil) // db.BeginTxx, with sqlx
		return wrapped{tx}, err
	}
	err := invalidate.Transact(context.Background(), begin, func(ctx context.Context, tx wrapped) error {
		if _, err := tx.ExecContext(ctx, "UPDATE posts SET ..."); err != nil {
			return err
		}
		return inv.Invalidate(ctx, &Post{ID: 42, Slug: "hello"})
	})
	fmt.Println(err)
	// Output:
	// purge: invalidate_test.Post 42 saved
	//   path:/blog/
	//   path:/blog/hello/
	// <nil>
}
