// Package pagecache is a shared HTTP cache (RFC 9111) in front of any
// [net/http.Handler]. A purge reaches every page that depends on what it names,
// whatever was being rendered at that moment: package coherent sees to that.
//
//	pages, err := pagecache.Open(memory.New(nil), &pagecache.Options{TTL: 10 * time.Minute})
//	http.ListenAndServe(":8080", pages.Handler(mux))
//
// Every stored response depends on its URI, its path, the prefixes of its path
// and the route that served it; a handler adds groups with [AddGroups] or with a
// Cache-Groups field (RFC 9875). Each of these can be purged, with one append to
// the log. [SetTTL] and [DoNotStore] are for what it says to this cache alone.
//
// What is stored: final responses to GET that HTTP allows a shared cache to
// store, with the handler's freshness lifetime or [Options].TTL. Not stored are,
// among others, responses that set cookies, that are private or no-store, and
// those to requests with Authorization unless the response allows it;
// docs/conformance.md goes through the clauses. A response that is stored is
// held back until the handler is done; one that is flushed, or larger than
// [Options].MaxBody, is streamed.
//
// Do not put it in front of pages that differ from visitor to visitor without
// saying so. A handler which reads a cookie, or any other request field, has to
// name it in Vary, or say "Cache-Control: private"; this is HTTP's rule, and
// package pagecache believes what it is told. [Options].SessionCookies makes up for
// handlers that forget the session, and [Options].Skip leaves requests alone that
// should not be cached whatever their handlers say.
//
// The cache belongs around the whole router. Around one of its routes, or among
// its middleware, it answers, too, but set no option that renders in the background:
// the handler would run without the router, see [Options].StaleWhileRevalidate.
//
// Put it outside of a transaction that spans a request: a page must be rendered
// from what was committed when its rendering began, and later. Put compression
// outside, too, and name Accept-Encoding in [Options].IgnoreVary, so that a page
// is stored once.
//
// The header values and the body of a stored response are shared by all who are
// given it, since to copy them costs a hit more than it takes. Whoever stands around
// the cache may set, add and delete fields, and append to a list or to what is
// written; but must not change the elements of a list in place, as in
// h["Link"][0] = "...", or the bytes.
//
// Behind a proxy that ends TLS, name X-Forwarded-Proto, and whatever else of the
// kind the handlers look at, in [keys.Options].Headers: the cache can't see that
// the scheme is not the one that it was asked by.
//
// Every response carries Cache-Status (RFC 9211), which says whether it came
// from the store, and if not, why; docs/cache-status.md lists its words.
package pagecache
