// Package cache holds the contracts between uncache and whatever keeps its
// bytes: a [Cache] that stores values under keys, and a [Log] that records
// purges.
//
// A backend implements them; [memory], [rediscache] and [tiered] do. An
// application does not call them directly: package coherent decides, from the
// log, which stored value may be served, and a bare [Cache] knows nothing of
// that. Do not use a Cache of this package as a general key-value store: it
// may forget anything at any moment, and is right to.
//
// What each method owes its callers is written in the interfaces, one sentence
// a duty; package cachetest checks every sentence, and a third party's backend
// can run it:
//
//	func TestConformance(t *testing.T) {
//		cachetest.Run(t, func(t *testing.T) cache.Cache { return mystore.New() })
//	}
//
// The package imports the standard library only.
//
// [memory]: https://pkg.go.dev/github.com/uncache/uncache/backend/memory
// [rediscache]: https://pkg.go.dev/github.com/uncache/uncache/backend/rediscache
// [tiered]: https://pkg.go.dev/github.com/uncache/uncache/backend/tiered
package cache
