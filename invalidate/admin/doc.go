// Package admin lets operators see what a page cache does, and purge by hand: a web page,
// and the same as JSON for package cmd/uncache and other programs.
//
//	h, err := admin.New(pages, admin.Token(os.Getenv("UNCACHE_TOKEN")), &admin.Options{
//		Invalidator:  inv,
//		AllowChanges: true,
//	})
//	mux.Handle("/admin/cache/", h) // any prefix that ends with a slash
//
// Mount it outside of pagecache.Cache.Handler, or leave its prefix out with Options.Skip:
// it says Cache-Control: no-store either way.
//
// Nobody gets in unless allow says so. Nothing can be changed unless Options.AllowChanges
// is set. Requests that a foreign site has a browser send are refused. Sizes, rates and
// times are bounded, also for clients that send or read slowly.
//
//	GET  ""        the page
//	GET  explain   what a URL would find, and why: url, header
//	GET  resolve   what saving a model would purge: model, id
//	GET  events    the log: after or newest, limit; url, path, prefix, route, group
//	GET  stats     figures of this process
//	GET  outbox    rows that wait, and dead letters
//	POST purge     urls, paths, prefixes, routes, groups, all; soft, reason
//	POST outbox    revive, drop: lists of IDs; revive_all
//
// docs/admin.md has the fields, and how to put a session in front.
package admin
