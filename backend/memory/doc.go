// Package memory is the backend of one process: values in its memory, on
// [github.com/patrickmn/go-cache], and a log beside them.
//
// It is bounded. go-cache alone keeps whatever it is given, so that anybody who
// can think of query strings can fill the memory; here a [Backend] holds at
// most Options.MaxEntries values and Options.MaxBytes bytes, and evicts those
// that were not read lately.
//
//	store, err := coherent.New(memory.New(nil), nil)
//
// Do not use it alone where several processes serve the same pages: a purge
// made in one of them is not heard by the others. There it is the near tier of
// a backend that they share, or, by way of [NewLog] and cache.Join, nothing.
//
// The contract is that of package cache, and cachetest checks it here.
package memory
