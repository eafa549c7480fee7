// Package pgxtx purges after the transactions of pgx. [InTx] is for a pgxpool.Pool or a
// pgx.Conn what [invalidate.Invalidator.InTx] is for database/sql.
//
//	err := pgxtx.InTx(ctx, pool, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
//		if err := queries.WithTx(tx).UpdatePost(ctx, post); err != nil { // sqlc, for instance
//			return err
//		}
//		return inv.Invalidate(ctx, post)
//	})
//
// It sees no rows: it purges the models that you pass to Invalidate. Pass a row as it
// was and as it is. Read it in the transaction with a lock (SELECT ... FOR UPDATE), so
// that another transaction does not change its URL in between.
//
// With pgx's database/sql driver you do not need this package.
//
// Package outbox purges what is left when a process was killed. Its relay uses the same
// pool as a *sql.DB, and looks at the table from time to time. [Notify] and [Listen]
// tell it when to look:
//
//	db := stdlib.OpenDBFromPool(pool) // github.com/jackc/pgx/v5/stdlib
//	box, err := outbox.New(db, outbox.PostgreSQL, pages, nil)
//	err = box.Migrate(ctx)
//	err = box.Start()
//	listener, err := pgxtx.Listen(pool.Config().ConnConfig, box.Wake, nil)
//	inv := invalidate.New(pages, &invalidate.Options{Outbox: pgxtx.Notify(box, "")})
package pgxtx
