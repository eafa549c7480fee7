package pgxtx_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/uncache/uncache/internal/dbtest"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/internal/invtest"
	"github.com/uncache/uncache/invalidate/pgxtx"
)

// The event of a save is appended in its transaction.
func TestTxLog(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), dbtest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	db := stdlib.OpenDBFromPool(pool)
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Exec("CREATE TABLE posts (slug text)"); err != nil {
		t.Fatal(err)
	}
	type post struct{ slug string }
	invtest.RunTxLog(t, db, func(inv *invalidate.Invalidator) func(slug string) error {
		invalidate.Register(inv, func(p post, to *invalidate.Targets) { to.Group(p.slug) })
		return func(slug string) error {
			return pgxtx.InTx(t.Context(), pool, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, "INSERT INTO posts VALUES ($1)", slug); err != nil {
					return err
				}
				return inv.Invalidate(ctx, post{slug})
			})
		}
	})
}
