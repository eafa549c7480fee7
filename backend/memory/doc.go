// Package memory is the backend of one process: values in its memory, on
// [github.com/patrickmn/go-cache], and a log beside them.
//
// It is bounded. go-cache alone keeps whatever it is given, so that anybody who
// can think of query strings can fill the memory; here a [Backend] holds at
// most Options.MaxEntries values and Options.MaxBytes bytes, and evicts those
// that were not read lately. A hit takes no lock.
//
//	store, err := coherent.New(memory.New(nil), nil)
//
// Do not use it where several processes serve the same pages, unless as the near
// tier of a backend that they share: a purge made in one of them is not heard by
// the others. For the same reason its [Log] must not be joined to a store that
// several processes share.
//
// For a site with many more pages than memory there is package bounded, which
// evicts what is seldom asked for.
//
// The contract is that of package cache; conformance_test.go runs cachetest.
package memory
