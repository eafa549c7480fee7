// Package keys says which requests are for the same page, and under which key a
// cache keeps it.
//
// A key is readable where it is stored:
//
//	site:example.com/blog/?page=2:9f86d081884c7d659a2feaa0c55ad015
//	prefix host      path  query  digest of the scheme and the selecting header fields
//
// A [Builder] makes it of a request, and of a URL that somebody wants to purge.
// Two promises are what the package is about, and its fuzz tests are where they
// are checked:
//
//   - Two requests that differ in any keyed part have different keys.
//   - A purge of any spelling of a URL finds what a request with any other
//     spelling stored: the URI and the path of a [Key] are canonical, and [URI]
//     and [Path] return the same text for what a person writes.
//
// docs/keys.md says which requests share a key although a handler that looks closely
// could tell them apart, and which do not. A handler whose answer depends on such a
// spelling must not be cached. For a proxy, which passes URLs on as they came, there
// is Options.Exact.
//
// To purge a URL, name it to package invalidate. The keys of [Builder.PathKeys]
// and [Builder.URL] are for giving memory back, or for a plain store without a
// log: they can't name the variants that a header field selects.
//
// Package keys/django has the keys that Django's page cache uses.
package keys
