// Package pagecache is a shared HTTP cache (RFC 9111) in front of any
// [net/http.Handler]. A purge reaches every page that depends on what it names,
// whatever was being rendered at that moment: package coherent sees to that.
//
//	store, err := coherent.New(memory.New(nil), nil)
//	pages, err := pagecache.New(store, &pagecache.Options{TTL: 10 * time.Minute})
//	http.ListenAndServe(":8080", pages.Handler(mux))
//
// Every stored response depends on its URI, its path, the prefixes of its path
// and the route that served it; a handler adds groups with [AddGroups] or with a
// Cache-Groups field (RFC 9875). Each of these can be purged, with one append to
// the log.
//
// What is stored: final responses to GET that HTTP allows a shared cache to
// store, with the handler's freshness lifetime or [Options].TTL. What is not:
// see docs/conformance.md; among others responses that set cookies, that are
// private, no-store or no-cache, and those to requests with Authorization
// unless the response allows it.
//
// Do not put it in front of pages that differ from visitor to visitor without
// saying so. A handler which reads a cookie, or any other request field, has to
// name it in Vary, or say "Cache-Control: private"; this is HTTP's rule, and
// package pagecache believes what it is told. [Options].Skip leaves requests
// alone that should not be cached whatever their handlers say.
//
// Put it outside of a transaction that spans a request: a page must be rendered
// from what was committed when its rendering began, and later. Put
// compression outside, too, so that a page is stored once.
//
// Every response carries Cache-Status (RFC 9211), which says whether it came
// from the store, and if not, why.
package pagecache
