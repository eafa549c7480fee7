// Package bounded is a backend of one process for sites that have more pages
// than memory: values on [github.com/maypok86/otter/v2], which keeps what is
// asked for often rather than what was asked for last (W-TinyLFU), and a log
// beside them.
//
//	store, err := bounded.New(&bounded.Options{MaxBytes: 2 << 30})
//	c, err := coherent.New(store, nil)
//
// Take it where pages are evicted all the time: where a crawler walks through
// the archive once a night, the pages that visitors ask for stay. Where all
// pages fit, it has nothing to decide, and package memory is as good: it needs
// no further module, takes less memory for a page, and evicts nothing before
// its bound is reached. docs/performance.md has the hit ratios and the times of
// both.
//
// Like package memory it is for one process, or the near tier of a backend
// which several share: a purge made in one process is not heard by another.
//
// The contract is that of package cache; conformance_test.go runs cachetest.
package bounded
