// Package invalidate knows which pages show a model, and purges them once a save of it
// has committed.
//
// A rule says so once for each type of model. After that no code lists URLs: it names
// the model that it saved.
//
//	inv := invalidate.New(pages, nil) // a *pagecache.Cache, or any Purger
//	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) {
//		to.Route(postPage, p.Slug)
//		to.Route(blogIndex)
//		to.Path("/rss/blog/", "/atom/blog/")
//		to.Group("author:" + p.Author)
//	})
//
//	err := inv.InTx(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
//		if err := posts.Update(ctx, tx, p); err != nil {
//			return err
//		}
//		return inv.Invalidate(ctx, invalidate.Was(old), p) // both: the URL may have changed
//	})
//
// [Invalidator.InTx] purges after COMMIT, and nothing after a ROLLBACK. [Transact] is
// the same for transactions of another type, [Savepoint] for a part of one, and
// [WithBatch] for those that other code runs. Package connector wraps a driver, for
// code that calls none of these.
//
// If the process dies between COMMIT and the purge, or the cache cannot be reached,
// pages stay old until they expire. With Options.Outbox the purge commits with the
// save, and any process makes it.
//
// A call of Invalidate, a transaction or a batch becomes one [cache.Event]: one append
// to the log. The [Purger] decides what that guarantees. Over package coherent nothing
// rendered from older data is served again. Over a bare cache ([Keys]) the guarantee is
// much weaker.
//
// To purge a URL that a person typed, use pagecache.Cache.PurgeURL. To write an
// adapter, use package integrate. docs/transactions.md and docs/durability.md say more.
package invalidate
