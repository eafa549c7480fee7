// Package coherent decides which stored values may be served, by one rule:
//
//	A purge is an event in an append-only log. Each event has a position and names
//	dependencies. A stored value carries the position that its process had read
//	when its fill began, and its own dependencies. It may be served only if no
//	later event names one of them, by a view of the log as recent as the request.
//
// The rule settles the race that breaks other caches:
//
//	fill F reads the log up to 7, then the old row    F's stamp is 7
//	save S commits post 42
//	S appends event 8 {path:/blog/hello/}, returns    from here the promise binds
//	F stores its page                                 stamp 7
//	request R begins, and reads the log up to 8
//	R finds F's page                                  8 > 7, and 8 names its path:
//	                                                  not served; R renders, stamp 8
//
// Nothing is locked. It does not matter where F's page was stored, how many copies
// there are, or when its groups were named.
//
// Responses go through package pagecache. [Fetch] is for everything else that is
// expensive to make and was made from records:
//
//	posts, err := coherent.Fetch(ctx, c, "latest", time.Hour,
//		func(ctx context.Context, deps *coherent.Deps) ([]Post, error) {
//			deps.AddGroups("posts")
//			return db.LatestPosts(ctx)
//		})
//
// A backend that does not answer costs speed, never a value. One call waits for
// Options.Timeout. From then on no call waits, and each loads its value for itself,
// until the backend answers again. Purges are always tried, and return an error if
// they fail. See docs/durability.md.
//
// Do not use the package for values that nothing ever purges: a plain cache with a
// time to live is simpler. Do not load from a source that lags behind the commits,
// such as a replica: the stamp would promise what the source has not seen.
//
// Races in internal/check/integration prove the rule. The rule itself is in
// cache/internal/engine.
package coherent
