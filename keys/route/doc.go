// Package route turns a [net/http.ServeMux] pattern around: it makes the path
// of a page from the values of the pattern's wildcards. A URL is then written
// once, in the pattern, for the mux that serves it, for the links to it, and for
// the purge of its page.
//
//	var postPage = route.MustParse("GET /blog/{slug}/{$}")
//
//	mux.Handle(postPage.Pattern(), showPost)
//	path, err := postPage.Path(post.Slug)    // "/blog/hello-world/"
//
// A pattern that ends with a slash also matches what is below it. "{$}" ends it there.
//
// Parse accepts what ServeMux accepts and refuses what it refuses. Path returns
// a path that this one pattern matches with these very values, or an error that
// says why there is none; both are fuzzed against a real ServeMux. It can't know
// of the other patterns in a mux: if "/blog/new" is registered too, the path of
// a post called "new" is served by that.
//
// Routers that have another pattern language can't be given these patterns. Where
// a handler tells pagecache.SetRoute which of them it served, rules may still
// name it.
package route
