// Package rfc9111 is what HTTP allows a shared cache to do (RFC 9111): what a request
// and a response say about caching, whether a response may be stored and for how long,
// and whether what is stored may answer a request.
//
// It has functions of fields, status codes and times, and of [Rules], which are the
// choices that the RFC leaves to a cache. There is no I/O and no state, so its tests
// need no server. It knows nothing of pages, keys or stores.
package rfc9111
