// Package invalidate knows which pages a saved model changes, and has them
// purged once the save has committed.
//
// A rule says, once for each type of model, what a model stands on. After that
// nobody lists URLs: to save is to name the model.
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
//		return inv.Invalidate(ctx, invalidate.Was(old), p) // both, for the URL may have changed
//	})
//
// [Invalidator.InTx] purges after COMMIT has returned, and nothing after a
// ROLLBACK. Purged before the commit, a page may be rendered again from the old
// row before anybody can read the new one, and stay. [Transact] is the same for
// transactions of another type, [Savepoint] for a part of one, and [WithBatch]
// for those that are run by somebody else; package connector wraps a driver, for
// code that does nothing of this.
//
// A process that dies between COMMIT and the purge leaves pages that are old
// until they expire, and so does a cache that cannot be reached then. With
// Options.Outbox the purge commits with the save, and is made by whoever is left.
//
// Whatever a call of Invalidate, a transaction or a batch names is merged into
// one [cache.Event], so that a save costs one append to the log, or one for each
// 10,000 names: a group, a prefix or a route is one, however many pages it has.
// What a purge guarantees is the affair of the [Purger]: over package coherent,
// that nothing rendered from older data is served again; over a bare cache
// ([Keys]) a good deal less.
//
// Do not use it to purge a URL that a person typed into a form: tell the Purger
// itself, cache.URI(typed) to a pagecache.Cache.
//
// The package imports the standard library, and this module's cache, keys and
// keys/route, only.
package invalidate
