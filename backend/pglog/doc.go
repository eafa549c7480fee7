// Package pglog keeps the log of purges in PostgreSQL, beside the data that the pages
// show. A save appends its purge in its own transaction, so COMMIT is the purge: no
// outbox, no relay, and nothing to lose in between.
//
//	log, err := pglog.New(pool, nil) // a pool of its own, of a few connections
//	err = log.Migrate(ctx)
//	backend := cache.Join(memory.New(nil), log)
//	store, err := coherent.New(backend, nil)
//	pages, err := pagecache.New(store, nil)
//	inv := invalidate.New(pages, nil)
//
//	err = inv.InTx(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error { ... })
//
// pgxtx, gormplugin, enthook, bunhook and connector append in their transactions too. A
// save elsewhere, in another database or without a transaction, is appended after it.
//
// Take it where the data is in PostgreSQL and saves are fewer than some thousand a
// second: savers commit one after another. Otherwise use backend/rediscache, with
// package outbox. Handlers must read the primary.
//
// It needs PostgreSQL 14 or later. Through PgBouncer in transaction mode, a process with
// coherent.Options.MaxStale is told of nothing, and looks every half of it.
//
// docs/pglog.md: the proof, what happens in a crash, a failover or a restored backup,
// permissions, and what it costs. The tests run cachetest on a real server.
package pglog
