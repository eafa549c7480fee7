package main

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

const (
	tailPurges   = 10_000 // a second
	tailRequests = 2000   // a second
	tailVisitors = 8
)

// benchTail is how long the slowest visitors of a server wait while it is purged all
// the time.
func benchTail(b *bench) {
	b.printf(`A page through net/http's server on loopback, %d requests a second over %d
connections, while the same process makes %d purges a second of other paths, as four savers
do. The bare handler's server has the purges beside it as well. Rounds take turns; the
waits of all rounds count together.`, tailRequests, tailVisitors, tailPurges)
	cached := b.pages(b.memory(), coherent.Options{})
	servers := []*tailServer{
		{name: "floor", addr: b.serve(http.HandlerFunc(bare))},
		{name: "floor, while there are purges", addr: b.serve(http.HandlerFunc(bare)), purged: b.pages(b.memory(), coherent.Options{})},
		{name: "uncache", addr: b.serve(b.handler(b.memory(), coherent.Options{}))},
		{name: "uncache, while there are purges", addr: b.serve(cached.Handler(http.HandlerFunc(bare))), purged: cached},
	}
	for _, s := range servers {
		for range tailVisitors {
			s.ask = append(s.ask, b.clientOf(s.addr)())
		}
	}
	for range max(b.rounds, 1) {
		for _, s := range servers {
			b.runTail(s, min(20*b.round, time.Second))
		}
	}
	var rows [][]string
	for _, s := range servers {
		rows = append(rows, []string{s.name, s.quantile(0.5), s.quantile(0.99), s.quantile(0.999), s.at(1).String(), number(float64(s.purges) / s.took.Seconds())})
		for _, q := range []float64{0.5, 0.99, 0.999} {
			b.report.value(b.name, s.name, float64(s.at(q)), fmt.Sprintf("p%v-ns", 100*q))
		}
	}
	b.table([]string{"", "p50", "p99", "p99.9", "longest", "purges a second"}, rows)
	more := float64(servers[3].at(0.999)-servers[1].at(0.999)) / 1e6
	b.bar("p99.9 while there are purges, ms above the bare handler's", estimate{more, more, more}, 1)
}

// A tailServer is a server and how long its visitors waited.
type tailServer struct {
	stormSeries
	name   string
	addr   string
	purged *pagecache.Cache // nil for no purges
	ask    []func(int)
	purges int64
}

// runTail is one round of a server.
func (b *bench) runTail(s *tailServer, long time.Duration) {
	began := time.Now()
	var wg sync.WaitGroup
	var purges atomic.Int64
	if s.purged != nil {
		const savers = 4
		for k := range savers {
			wg.Go(func() {
				b.atRate(began, long, tailPurges/savers, func(i int, _ time.Time) {
					e := cache.Event{Dependencies: []cache.Dependency{cache.Path(fmt.Sprintf("/news/%d/%d/", k, i))}}
					if s.purged.Purge(b.ctx, e) == nil {
						purges.Add(1)
					}
				})
			})
		}
	}
	waits := make([][]time.Duration, tailVisitors)
	for v := range tailVisitors {
		wg.Go(func() {
			b.atRate(began.Add(time.Duration(v)*time.Second/tailRequests), long, tailRequests/tailVisitors, func(_ int, due time.Time) {
				s.ask[v](1)
				waits[v] = append(waits[v], time.Since(due))
			})
		})
	}
	wg.Wait()
	s.took += time.Since(began)
	s.purges += purges.Load()
	for _, w := range waits {
		s.waits = append(s.waits, w...)
	}
}
