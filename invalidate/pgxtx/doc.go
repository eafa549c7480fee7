// Package pgxtx purges after the transactions of pgx: what [invalidate.Invalidator.InTx]
// is for database/sql, [InTx] is for a pgxpool.Pool or a pgx.Conn.
//
//	err := pgxtx.InTx(ctx, pool, pgx.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
//		if err := queries.WithTx(tx).UpdatePost(ctx, post); err != nil { // sqlc, for instance
//			return err
//		}
//		return inv.Invalidate(ctx, post)
//	})
//
// It sees no rows: what is purged is what Invalidate is told. Pass a row as it was and as
// it is, and read it with a lock (SELECT ... FOR UPDATE) in the transaction, so that nobody
// gives it another URL in between.
//
// With pgx's database/sql driver it is not needed. What is left of a purge that
// nobody made, since its process was killed, is the affair of package outbox. Its
// relay is given the same pool as a *sql.DB, and looks at the table now and then;
// [Notify] and [Listen] tell it when to:
//
//	db := stdlib.OpenDBFromPool(pool) // github.com/jackc/pgx/v5/stdlib
//	box, err := outbox.New(db, outbox.PostgreSQL, pages, nil)
//	err = box.Migrate(ctx)
//	err = box.Start()
//	listener, err := pgxtx.Listen(pool.Config().ConnConfig, box.Wake, nil)
//	inv := invalidate.New(pages, &invalidate.Options{Outbox: pgxtx.Notify(box, "")})
package pgxtx
