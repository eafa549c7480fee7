// Package background renders pages while no visitor waits for them.
//
// A [Group] is the goroutines of a cache: they end with it. A [Warmer] remembers the
// pages that were stored, and renders those again that a purge names. An [Outer] says
// whether a page can be rendered without the middleware outside the cache.
//
// The package renders nothing itself: it is given a function that asks the cache for
// a page as a visitor would.
package background
