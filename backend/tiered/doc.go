// Package tiered puts a near cache over a far one: memory over Redis, so that a
// hit costs no round trip.
//
//	near := memory.New(nil)
//	far, err := rediscache.New(rdb, nil)
//	backend, err := tiered.New(near, far)
//	store, err := coherent.New(backend, &coherent.Options{MaxStale: 50 * time.Millisecond})
//
// There is no more to it than that: no message tells the near tiers of other
// processes that a page is gone. Every stored response says how far the log was
// read when its rendering began, and the log, which is the far tier's, decides
// which may be served, wherever it lies. That is package coherent's work; a
// Backend used alone serves what its near tier happens to have.
//
// Do not use it where pages are few and Redis is near enough: every process
// holds what it serves in its own memory, and with MaxStale 0 every request
// still reads the head of the log.
//
// The contract is that of package cache, checked by cachetest with memory over
// memory and memory over Redis.
package tiered
