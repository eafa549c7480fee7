package main

import (
	"time"

	"github.com/uncache/uncache/cache/coherent"
)

// benchNear is a hit in the memory of this process, of a page that others share
// in Redis.
func benchNear(b *bench) {
	b.printf(`Memory over Redis. Without MaxStale every request confirms the head of the
log, and those that ask at the same time share one read of it; with MaxStale a
background reader does.`)
	mem := b.visits(b.handler(b.memory(), coherent.Options{}), pageURL)
	rdb := b.client()
	strict := b.visits(b.handler(b.near(rdb, "strict:"), coherent.Options{}), pageURL)
	stale := b.visits(b.handler(b.near(rdb, "stale:"), coherent.Options{MaxStale: 50 * time.Millisecond}), pageURL)
	far := b.visits(b.handler(b.rediscache(rdb, "far:"), coherent.Options{}), pageURL)
	all := b.race(
		contestant{name: "memory", worker: mem},
		contestant{name: "near, MaxStale 50ms", worker: stale},
		contestant{name: "near, strict", worker: strict},
		contestant{name: "near, strict, by 16", worker: strict, workers: manyVisitors},
		contestant{name: "Redis", worker: far},
		contestant{name: "Redis, by 16", worker: far, workers: manyVisitors},
	)
	b.compare(all, "memory", "CPU ns", cpu)
	b.bar("a near hit with MaxStale, CPU over a memory hit's",
		ratio(named(all, "near, MaxStale 50ms"), named(all, "memory"), cpu), 1.5)
}
