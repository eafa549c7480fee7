// Package connector wraps a driver of database/sql, so that transactions purge what they
// saved. It is for code that calls neither InTx nor a batch: it sees BEGIN, COMMIT, ROLLBACK
// and savepoints as they pass.
//
//	db := sql.OpenDB(connector.New(base)) // of any driver; see also Open
//	mux := connector.Handler(pages.Handler(app))
//
// A request that came through [Handler] carries a batch. So does any context of
// [invalidate.Follow]. A transaction that is begun in it queues what is invalidated there
// while it is open:
//
//	tx, err := db.BeginTx(r.Context(), nil) // or GORM, sqlx, bun, with this db
//	...
//	err = inv.Invalidate(r.Context(), post) // queued
//	err = tx.Commit()                       // purged
//
// Before COMMIT it is written to the outbox, if there is one, on the same connection. After
// COMMIT it is purged, before Commit returns. After ROLLBACK it is dropped. After ROLLBACK
// TO the part since the savepoint is dropped. While the transaction is open, cached reads
// and fills are bypassed.
//
// Both BeginTx and Invalidate need that context, or one derived from it. A transaction that
// is begun without it, by db.Begin for instance, is not followed: Invalidate purges before
// its COMMIT, too early.
//
// Prefer [invalidate.Invalidator.InTx] in code that you write. It needs no wrapped driver,
// and says what became of the transaction.
//
// The package sees no rows: it purges the models that you pass to Invalidate. Pass a row as
// it was and as it is. Read it in the transaction with a lock (SELECT ... FOR UPDATE).
//
// Commit never returns an error because of a purge: the data is saved. docs/connector.md
// says where such errors go, which statements are seen, and what is purged too often.
package connector
