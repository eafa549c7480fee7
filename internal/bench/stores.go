package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	gocache "github.com/patrickmn/go-cache"
	"github.com/uncache/uncache/backend/bounded"
	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
)

// benchStores is what the stores under a hit in memory take by themselves.
func benchStores(b *bench) {
	b.printf(`A lookup of a value that is kept as it is (GetLocal), of one key and of %d in
turn, and storing 4 KiB in a full store, by which another value is evicted. go-cache
by itself, which evicts nothing and is locked for each lookup, stands beside it.`, b.size(manyPages))
	cores := runtime.GOMAXPROCS(0)
	keys := make([][]byte, b.size(manyPages))
	bare := gocache.New(time.Hour, 0)
	mem, bound := b.memory(), b.bounded()
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "page:example.com/blog/%d/", i)
		bare.Set(string(keys[i]), &keys[i], 0)
		mem.SetLocal(string(keys[i]), &keys[i], pageSize, time.Hour)
		bound.SetLocal(string(keys[i]), &keys[i], pageSize, time.Hour)
	}
	names := make([]string, len(keys))
	for i := range keys {
		names[i] = string(keys[i])
	}
	var reads []contestant
	for _, x := range []struct {
		name string
		get  func(i int) bool
	}{
		{"go-cache", func(i int) bool { _, ok := bare.Get(names[i]); return ok }},
		{"memory", func(i int) bool { _, ok := mem.GetLocal(keys[i]); return ok }},
		{"bounded", func(i int) bool { _, ok := bound.GetLocal(keys[i]); return ok }},
	} {
		one := func() func(int) {
			return func(n int) {
				for range n {
					x.get(0)
				}
			}
		}
		all := func() func(int) {
			i := 0
			return func(n int) {
				for range n {
					if i++; i == len(keys) {
						i = 0
					}
					if !x.get(i) {
						panic("bench: " + x.name + " has lost " + names[i])
					}
				}
			}
		}
		reads = append(reads,
			contestant{name: x.name + ", one key", worker: one},
			contestant{name: x.name + ", one key, parallel", worker: one, workers: cores},
			contestant{name: x.name + ", many keys", worker: all},
			contestant{name: x.name + ", many keys, parallel", worker: all, workers: cores})
	}
	b.compare(b.race(reads...), "go-cache, one key", "CPU ns", cpu)

	small := memory.New(&memory.Options{MaxBytes: int64(len(keys)) * (pageSize + memory.EntryOverhead)})
	b.cleanup(func() { _ = small.Close() })
	tight, err := bounded.New(&bounded.Options{MaxBytes: int64(len(keys)) * (pageSize + bounded.EntryOverhead)})
	b.must(err)
	b.cleanup(func() { _ = tight.Close() })
	set := func(c cache.Cache) func() func(int) {
		return func() func(int) {
			k := 0
			return func(n int) {
				for range n {
					k++
					b.must(c.Set(context.Background(), fmt.Sprint("page:example.com/blog/", k), html4K, time.Hour))
				}
			}
		}
	}
	b.compare(b.race(
		contestant{name: "memory, Set", worker: set(small)},
		contestant{name: "memory, Set, parallel", worker: set(small), workers: cores},
		contestant{name: "bounded, Set", worker: set(tight)},
		contestant{name: "bounded, Set, parallel", worker: set(tight), workers: cores},
	), "memory, Set", "CPU ns", cpu)
}
