// Package coherent decides which stored values may be served. It is the one
// rule on which everything else rests:
//
//	A purge is an event in an append-only log; each event has a position and
//	names dependencies. A stored value carries the position that its process
//	had read when its making began, and its own dependencies. It may be served
//	only if no later event names one of them, by a view of the log that is as
//	recent as the request.
//
// Why that is enough, in the race that breaks other caches:
//
//  1. fill F reads the log: position 7, begins to render    F's stamp is 7
//  2. save S commits post 42
//  3. S appends event 8 {path:/blog/hello/}, returns        from here the promise binds
//  4. F, which read the old row, stores its page            stored, stamp 7
//  5. request R begins, reads head 8, catches up to it
//  6. R finds F's page: 8 > 7 and 8 names its path          not served; R renders, stamp 8
//
// There is nothing to lock and no lease to hold. It does not matter where F's
// page landed, how many copies there are, or when its groups were named.
//
// Responses go through package pagecache; [Fetch] is for everything else that
// is expensive to make and was made from records:
//
//	posts, err := coherent.Fetch(ctx, c, "latest", time.Hour,
//		func(ctx context.Context, deps *coherent.Deps) ([]Post, error) {
//			deps.AddGroups("posts")
//			return db.LatestPosts(ctx)
//		})
//
// A backend that is away costs speed, never a value. The first lookup that gets
// no answer waits for Options.Timeout; from then on nobody waits, until the
// backend, which is asked in the background, answers again. Meanwhile every
// request makes its value for itself: nothing tells what was purged since
// another began to make it. Those who come afterwards confirm the log, as
// always, and share one fill. Purges are always tried, and fail loudly.
//
// Do not use it for values that nothing ever purges: a plain cache with a time
// to live is simpler. Do not fill it from a source that lags behind the commits,
// such as a replica: the stamp would promise what the source has not seen.
//
// The rule is proved by racing it, in internal/check/integration.
package coherent
