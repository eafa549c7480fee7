package main

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/uncache/uncache/backend/bounded"
	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// fillRoom is how many pages there is room for. Fills go on for longer, so that each
// page takes the place of another.
const fillRoom = 10_000

// benchFill is what it costs to render and store a page that nobody has.
func benchFill(b *bench) {
	b.printf(`Each request is for another page of 4 KiB, which is rendered and stored. There is
room for %d pages; gin-cache has no bound and starts empty in each round. "By hand"
makes a key, looks the page up, renders it and stores it with its header values; in
Redis it stores the body alone.`, fillRoom)
	page := func(vary bool) *render { return newRender(html4K, vary) }
	mem := func() *memory.Backend {
		m := memory.New(&memory.Options{MaxEntries: 2 * fillRoom, MaxBytes: fillRoom * (pageSize + 1000)})
		b.cleanup(func() { _ = m.Close() })
		return m
	}
	bound, err := bounded.New(&bounded.Options{MaxBytes: fillRoom * (pageSize + 1000)})
	b.must(err)
	b.cleanup(func() { _ = bound.Close() })
	fresh := b.ginSite(page(true)).ask()
	contestants := []contestant{
		b.fills(b.otterSite(page(true), fillRoom)),
		b.fills(b.uncacheSite("uncache", mem(), page(false))),
		b.fills(b.uncacheSite("uncache, varies by one field", mem(), page(true))),
		b.fills(b.uncacheSite("uncache, bounded, varies by one field", bound, page(true))),
		b.fills(b.ristrettoSite(page(true), fillRoom)),
		b.fills(site{name: "gin-cache", ask: func() func(string) { return func(path string) { fresh(path) } }}),
		b.fills(b.fiberSite(page(true))),
	}
	contestants[5].before = func() { fresh = b.ginSite(page(true)).ask() }
	all := b.race(contestants...)
	b.compare(all, "otter v2, by hand", "CPU ns", cpu)
	b.bar("a fill in memory, µs", microseconds(named(all, "uncache").estimate(cpu)), 8)
	b.bar("a fill in memory that varies, µs", microseconds(named(all, "uncache, varies by one field").estimate(cpu)), 8)
	b.fillRedis()
}

func microseconds(e estimate) estimate {
	return estimate{e.mid / 1000, e.low / 1000, e.high / 1000}
}

// fills makes a contestant. Each of its calls is for a page of its own.
func (b *bench) fills(s site) contestant {
	next := 0
	return contestant{name: s.name, worker: func() func(int) {
		ask := s.ask()
		return func(n int) {
			for range n {
				ask(sitePath(next))
				next++
			}
		}
	}}
}

// fillRedis is the same with Redis, and how many round trips each fill takes.
func (b *bench) fillRedis() {
	rdb := b.client()
	trips := new(tripCounter)
	rdb.AddHook(trips)
	hand := newRender(html4K, true)
	sites := []site{
		handSite("by hand, GET and SET", hand, func(key string) (*prepared, bool) {
			return nil, rdb.Get(b.ctx, "hand:"+key).Err() == nil
		}, func(key string, p *prepared) {
			b.must(rdb.Set(b.ctx, "hand:"+key, p.body, time.Hour).Err())
		}),
		b.uncacheSite("uncache", b.rediscache(rdb, "plain:"), newRender(html4K, false)),
		b.uncacheSite("uncache, varies by one field", b.rediscache(rdb, "vary:"), newRender(html4K, true)),
		b.leaseSite("uncache, Lease", b.rediscache(rdb, "lease:"), newRender(html4K, false)),
		b.leaseSite("uncache, Lease, varies by one field", b.rediscache(rdb, "leasevary:"), newRender(html4K, true)),
	}
	var contestants []contestant
	counts := make([]float64, len(sites))
	for i, s := range sites {
		ask := s.ask()
		ask("/blog/first/")
		const some = 20
		before := trips.n.Load()
		for k := range some {
			ask(sitePath(900_000 + k))
		}
		counts[i] = float64(trips.n.Load()-before) / some
		b.report.value(b.name, s.name+", Redis", counts[i], "trips/op")
		c := b.fills(s)
		c.single = true
		contestants = append(contestants, c)
	}
	all := b.race(contestants...)
	var rows [][]string
	for i, s := range all {
		rows = append(rows, []string{s.name, s.estimate(p50).String(), ratio(s, all[0], p50).String(),
			number(s.estimate(cpu).mid), ratio(s, all[0], cpu).String(), number(counts[i])})
	}
	b.printf("\nIn Redis, on loopback:")
	b.table([]string{"", "p50 ns a fill", "× by hand", "CPU ns", "× by hand", "round trips"}, rows)
	for i, most := range []float64{2: 3, 4: 5} {
		if most == 0 {
			continue
		}
		b.bar("round trips of a fill in Redis, "+sites[i].name, estimate{counts[i], counts[i], counts[i]}, most)
	}
}

// A tripCounter counts what go-redis sends at once.
type tripCounter struct{ n atomic.Int64 }

func (t *tripCounter) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (t *tripCounter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		t.n.Add(1)
		return next(ctx, cmd)
	}
}

func (t *tripCounter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		t.n.Add(1)
		return next(ctx, cmds)
	}
}

// leaseSite is uncacheSite with a lease for each fill.
func (b *bench) leaseSite(name string, store cache.Backend, p *render) site {
	return site{name: name, ask: visitorOf(b.pages(store, coherent.Options{Lease: 10 * time.Second}).Handler(p)), rendered: &p.calls}
}
