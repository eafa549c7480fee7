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
// Requests that differ in the following, and in nothing else, share a key,
// though a handler that looks closely could tell them apart: whether the default
// port of a host is written ("h", "h:", "h:80"; not of an IPv6 address); how the
// path and the query are percent-encoded (an encoded slash excepted); the order
// of query parameters with different names; "a" and "a=", "+" and "%20", empty
// pairs and a bare "?" in a query; a target in absolute form; and how a header
// field that counts is spread over lines. A handler whose answer depends on one
// of these must not be cached; for one that passes paths and queries on as they
// came there is Options.Exact.
//
// A host in upper case, with a last dot, with zeros before its port or with an
// IPv6 address that could be shorter has keys of its own, since [http.ServeMux]
// may route it elsewhere; a purge of its URL finds them too. So has a request
// whose path somebody has changed on its way ([Key.Requested]).
//
// To purge a URL, name it to package invalidate. The keys of [Builder.PathKeys]
// and [Builder.URL] are for giving memory back, or for a plain store without a
// log: they can't name the variants that a header field selects.
//
// Package keys/django has the keys that Django's page cache uses.
package keys
