// Package killing proves by killing that no purge is lost.
//
// Several processes serve pages out of one Redis and save records into one
// PostgreSQL, beside relays that empty the outbox. A nemesis kills them, kill -9,
// at the worst moments: a saver between COMMIT and its purge, a relay that holds
// a claim, Redis with what it has not written. It takes Redis back in time,
// promotes a replica that lags, freezes links. Meanwhile readers ask all
// processes for all pages, and know which saves had been acknowledged before they
// asked: from the moment InTx has returned nil, no page may show less. When the
// nemesis has stopped and the outbox is empty, every page of every process must
// be what the database says.
//
// The same run without the outbox must end with wrong pages: otherwise it would
// prove nothing.
//
// The processes are this package's test binary, started again. PostgreSQL is the
// one of DATABASE_URL, or postgres://postgres@127.0.0.1:5432/test; every run has
// a schema of its own there. Redis servers are the run's own (package redistest).
package killing
