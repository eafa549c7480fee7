// Package cachetest checks that a cache or a log keeps the contract of package
// cache, and helps to test what is built on one.
//
// A third party's backend runs the kit from its own tests, and has nothing else
// to prove:
//
//	func TestCache(t *testing.T) {
//		cachetest.Run(t, func(t *testing.T) cache.Cache { return mystore.New() })
//	}
//
//	func TestLog(t *testing.T) {
//		cachetest.RunLog(t, cachetest.LogHarness{
//			Open: func(t *testing.T) cache.Log { return mystore.NewLog() },
//		})
//	}
//
// Each sentence in the documentation of [cache.Cache], [cache.Log] and of the
// abilities that a type may have beside them is a sub-test. One that fails
// prints the sentence. One that needs what the harness does not offer, a way to
// lose the head of the log, say, is skipped with the sentence, so that -v lists
// what was not checked. The kit has tests of its own, in which it must catch
// caches and logs that break one sentence each.
//
// For the tests of an application there are an [Injector], which makes a
// backend fail, wait and forget, and a [Recorder], which tells what was purged.
//
// Do not use the kit as a benchmark or a stress test: it calls a backend some
// hundred times a rule. The package imports the standard library only.
package cachetest
