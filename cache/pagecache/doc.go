// Package pagecache is a shared HTTP cache (RFC 9111) in front of any
// [net/http.Handler]. A purge reaches every page that depends on what it names,
// whatever was being rendered at that moment.
//
//	pages, err := pagecache.Open(memory.New(nil), &pagecache.Options{TTL: 10 * time.Minute})
//	http.ListenAndServe(":8080", pages.Handler(mux))
//
// Every stored response depends on its URI, its path, the prefixes of its path and the
// route that served it. A handler adds groups with [AddGroups] or a Cache-Groups field
// (RFC 9875). Each of these can be purged, with one append to the log. [SetTTL] and
// [DoNotStore] say something to this cache alone.
//
// It stores final responses to GET that HTTP allows a shared cache to store. A response
// that sets a cookie, or says private or no-store, is not stored. docs/conformance.md
// goes through the clauses. Every response carries Cache-Status (RFC 9211), which says
// whether it came from the store, and if not, why: see docs/cache-status.md.
//
// Do not put it in front of pages that differ from visitor to visitor without saying so.
// A handler that reads a cookie, or another request field, has to name it in Vary or say
// "Cache-Control: private". [Options].SessionCookies makes up for handlers that forget
// the session.
//
// Put the cache around the whole router, and compression outside the cache
// ([Options].IgnoreVary). A transaction that spans a request belongs inside it. See
// docs/production.md.
//
// Requests share the header values and the body of a stored response. Middleware may set,
// add and delete fields, and append. It must not change elements of a list in place
// (h["Link"][0] = "...").
package pagecache
