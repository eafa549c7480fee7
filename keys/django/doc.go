// Package django makes the keys of Django's page cache, so that a Go service can
// purge the pages of a Django site whose cache it shares.
//
// The page cache is CacheMiddleware, UpdateCacheMiddleware together with
// FetchFromCacheMiddleware, or cache_page. Every release from 0.96 on is known.
//
//	site := django.Site{Prefix: "cwx", Language: "en-us", TimeZone: "UTC"}
//	doomed, err := site.PurgeKeys("https://example.com/blog/hello/")
//	err = store.Delete(ctx, doomed...)
//
// The values under these keys are pickled Python objects. Delete them; do not
// read or write them. Pages of this library have other keys: package keys makes
// those.
//
// The keys are tested against those that real releases of Django made.
package django
