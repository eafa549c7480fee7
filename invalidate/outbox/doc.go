// Package outbox keeps purges in the database of the models, so that none is lost. An
// event is a row that commits with the save. It is purged even if the process, the network
// or Redis dies right after COMMIT. A ROLLBACK removes the row, and nothing is purged.
//
//	box, err := outbox.New(db, outbox.PostgreSQL, pages, nil)
//	err = box.Migrate(ctx)          // or the SQL of Schema, by your own tool
//	err = box.Start()               // the relay, in at least one process
//	defer box.Close()
//
//	inv := invalidate.New(pages, &invalidate.Options{Outbox: box})
//
// The saver still purges right after COMMIT, and its row is deleted in the background. A
// relay purges only what savers have left, after [Options.Grace], merged into as few events
// as possible.
//
// Every event whose transaction has committed is purged at least once, after the commit. Or
// it becomes a dead letter that [Stats] shows: an event that failed [Options.MaxTries] times
// while the Purger worked for others, or that cannot be decoded. A Purger that does not work
// at all uses up no tries. No row stops the relay for others.
//
// The database's clock counts. Those of savers and relays do not.
//
// Do not use it for models outside an SQL database, nor without a transaction around the
// save. Do not use it as a queue for anything else: events are merged, repeated and out of
// order, which does not matter for purges. You do not need it if a page that stays stale
// until it expires, when a process is killed at the wrong moment, costs less than one more
// statement per save.
//
// docs/outbox.md says how relays share the work, and has limits by database. The tests of
// what is said here run against real servers, in internal/check/outboxtest.
package outbox
