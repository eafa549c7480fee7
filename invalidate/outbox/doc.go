// Package outbox keeps purges in the database that the models are saved in, so
// that none is lost: the event is a row that commits with the save, and is
// purged even if the process, the network or Redis dies right after COMMIT. On
// ROLLBACK the row goes with the rest, and nothing is purged.
//
//	box, err := outbox.New(db, outbox.PostgreSQL, pages, nil)
//	err = box.Migrate(ctx)          // or the SQL of Schema, by your own tool
//	err = box.Start()               // the relay, in at least one process
//	defer box.Close()
//
//	inv := invalidate.New(pages, &invalidate.Options{Outbox: box})
//
// # How a purge travels
//
//  1. The saver writes the event as a row, in the transaction of the save.
//  2. COMMIT.
//  3. The saver tells its Purger at once, and its page is gone: nobody waits
//     for a relay.
//  4. The saver says [Outbox.Purged], and the row is deleted in the background.
//
// Whatever dies after 2 leaves the row. Every process that has called
// [Outbox.Start] runs a relay, which claims rows older than [Options.Grace], so
// that savers come first; merges them into as few events as possible; tells the
// Purger; and deletes them. There is no cursor in it: ids do not commit in order,
// and a transaction that commits late is not skipped.
//
// # What it guarantees
//
// Every event whose transaction has committed is purged at least once, after the
// commit, or is a dead letter that Stats shows: one that was tried
// [Options.MaxTries] times while the Purger worked for others, or cannot be
// decoded. A Purger that does not work at all uses up no tries, for however
// long.
//
// No row stops the relay for others. A row that was purged and that the database
// does not delete is put off like one that has failed. If the database does not
// change it either, the relay leaves it alone, and Observe hears [OpStuck].
//
// On PostgreSQL, MySQL 8 and MariaDB 10.6 or later, relays share the work: a row
// is claimed with FOR UPDATE SKIP LOCKED in a transaction that is held while the
// Purger is told, so no two have the same row at a time. A relay that is killed
// loses its connection and with it its locks, and others take over at once; one
// that is frozen, or cut off, is disconnected by the database after six times
// [Options.PurgeTimeout]. On SQLite there are no row locks: a relay selects,
// tells, deletes by id, and two relays purge some events twice, which is
// harmless.
//
// Whose clock? The database's. Savers and relays on several machines do not
// agree on the time; no row's due time is compared with any clock of theirs.
//
// # When not to use it
//
// Not where nothing is saved in an SQL database; not without a transaction
// around the save, since the row has to commit with it; not as a queue for
// anything else: events are merged, repeated and out of order, which only purges
// do not mind. Nor where a page that stays stale until it expires, when a process
// is killed at the wrong moment, costs less than one more statement per save.
//
// # Limits
//
//   - The database given to New is the primary, the one the saves go to. A fill
//     that reads a replica which lags behind renders old data after the purge:
//     [invalidate.Options].Repeat purges once more.
//   - The claim runs at READ COMMITTED whatever the default of the database is:
//     under MySQL's REPEATABLE READ the gaps between rows would be locked too, and
//     savers would wait for the relay. MySQL refuses that level to writers with
//     binlog_format=STATEMENT. A locking read skips rows that are not committed
//     even if the default is READ UNCOMMITTED. Savers may use any level.
//   - If the database's clock is set back, rows that were written before are late by
//     as much, and Stats takes them for young.
//   - The table is looked up as every other: a saver whose transaction has another
//     search_path (a schema for each tenant) needs the schema in Options.Table.
//   - On SQLite the connection needs a busy timeout, and WAL is advised; with
//     shared cache and PRAGMA read_uncommitted the relay would see rows that are
//     not committed: use neither.
//   - Through a pooler that shares connections between statements, pgbouncer in
//     statement mode, nothing that needs a transaction works; transaction mode
//     does.
//   - On MySQL every connection must have autocommit on, as it is by default: with
//     autocommit=0 in the DSN each SELECT leaves a transaction open on a connection of
//     the pool, on which no other can be begun at a level of its own.
//   - A relay needs one connection of its own while it claims: with
//     SetMaxOpenConns(1), saves wait for it.
//
// The tests of what is said here run against real servers, in
// internal/check/outboxtest.
//
// The package imports the standard library, and this module's cache and
// invalidate, only.
package outbox
