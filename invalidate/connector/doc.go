// Package connector has transactions of database/sql purge what they saved, for
// code that never heard of purging: it wraps the driver, and sees BEGIN, COMMIT,
// ROLLBACK and savepoints as they pass.
//
//	db := sql.OpenDB(connector.New(base)) // of any driver; see also Open
//	mux := connector.Handler(pages.Handler(app))
//
// A request that came through [Handler], or any context of [invalidate.Follow],
// carries a batch. A transaction that is begun in it takes what Invalidate is
// told in that context while it is open. Before COMMIT that is written to the
// outbox, if there is one, over the same connection; after COMMIT it is purged,
// before Commit returns; after ROLLBACK it is forgotten, and after ROLLBACK TO
// the part since the savepoint. Cached reads and fills are bypassed while the
// transaction is open. What Invalidate is told while none is open is purged at
// once.
//
//	tx, err := db.BeginTx(r.Context(), nil) // or GORM, sqlx, bun, with this db
//	...
//	err = inv.Invalidate(r.Context(), post) // queued
//	err = tx.Commit()                       // purged
//
// What it needs is that context: in BeginTx and in Invalidate, or one that is
// derived from it. A transaction that is begun without, by db.Begin for
// instance, is not followed, and Invalidate purges before its COMMIT, when the
// page may still be made from the old row. Prefer [invalidate.Invalidator.InTx]
// where you write the code: it needs nothing of this, says what became of the
// transaction, and cannot be left half way.
//
// It sees statements and no rows: what is purged is what Invalidate is told. Pass a row as
// it was and as it is, and read it with a lock (SELECT ... FOR UPDATE) in the
// transaction, so that nobody gives it another URL in between.
//
// # What is purged too often
//
// If several transactions are open in one context at once, what is said belongs
// to each of them, and to a batch around them. What is said while one is open, and
// after a statement in its context has committed by itself or another transaction
// has committed, may be about that: it is purged at once, too. After an error of
// COMMIT that leaves it open whether it was committed, everything is purged; so is
// it after a ROLLBACK if a statement was not a plain one (SELECT, INSERT, UPDATE,
// DELETE and the like), since in MySQL a CREATE TABLE commits what was done before
// it, and after the ROLLBACK of an outer savepoint by a name that the transaction
// has in two spellings. Purged in vain, a page is rendered once more.
//
// A transaction that is begun to read only ([database/sql.TxOptions], or BEGIN READ
// ONLY) has nothing to purge: what is said while it is open goes where it would go
// without.
//
// # What Commit returns
//
// Commit returns what the wrapped driver's Commit does, and never an error
// because of a purge: the data is saved. A purge that failed is in the outbox. If
// there is none it stays in the context's batch, whose Flush tries again and
// returns the error; [Handler] does so when the request is done. Everything is
// told to Options.Observe of the Invalidator. If the outbox cannot be written,
// Commit rolls back, and its error is [invalidate.ErrRolledBack]. So where there is
// one, wrap the driver of its database only, or have the table in each.
//
// # Statements
//
// BEGIN, COMMIT and ROLLBACK that are sent as statements, on a [database/sql.Conn],
// count as well, with the context that BEGIN is sent with. When a COMMIT fails so
// that it may be sent again, or is hidden among several statements in one
// string, what it may have committed is purged when the connection is given
// back. A statement that commits by itself is seen if it has the context, except for
// a SELECT of a function that writes; what is saved beside an open transaction by
// such a one, or in a database that is not wrapped, is to be purged in a context of
// its own, for it is dropped with the transaction. Transactions that begin unseen (SET autocommit=0, a stored procedure) and
// those that end on another connection (COMMIT PREPARED, XA COMMIT) are not
// followed.
package connector
