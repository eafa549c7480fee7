package main

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// benchAway is the first hit after many purges that no request has seen.
func benchAway(b *bench) {
	b.printf(`A hit in memory after a number of purges of one group each, during which nobody asked for
anything. "Another cache" is a second page cache of the process over the same
store, which made the purges: the one that is asked has not heard of them.`)
	var contestants []contestant
	counts := []int{0, 100, 10_000}
	name := func(by string, n int) string { return fmt.Sprintf("%d purges by %s", n, by) }
	for _, by := range []string{"the cache that is asked", "another cache"} {
		store := b.memory()
		pages := b.pages(store, coherent.Options{})
		h := pages.Handler(http.HandlerFunc(bare))
		purger := pages
		if by == "another cache" {
			purger = b.pages(store, coherent.Options{})
		}
		for _, n := range counts {
			made := b.size(n + 2)
			if n == 0 {
				made = 0
			}
			contestants = append(contestants, contestant{name: name(by, n), once: true, worker: b.visits(h, pageURL),
				before: func() { b.purgeGroups(purger, made) }})
		}
	}
	all := b.race(contestants...)
	var rows [][]string
	for _, s := range all {
		rows = append(rows, []string{s.name, s.estimate(wall).String()})
	}
	b.table([]string{"", "wall ns of the hit"}, rows)
	for _, s := range all {
		if s.name == name("the cache that is asked", 10_000) {
			b.bar("the hit after 10,000 purges, µs", microseconds(s.estimate(wall)), 100)
		}
	}
}

// purgeGroups purges n groups, in n events.
func (b *bench) purgeGroups(pages *pagecache.Cache, n int) {
	for i := range n {
		b.must(pages.Purge(b.ctx, cache.Event{Dependencies: []cache.Dependency{cache.Group(fmt.Sprint("post:", i))}}))
	}
}

// benchCold is a process that starts.
func benchCold(b *bench) {
	n := b.size(100_000)
	b.printf(`A process starts with a store in Redis and a log of %d events, of one group each:
how long until the first request is answered, which is rendered, and until values that
were stored before these events are found? And the same after three events.`, n)
	logs := []struct {
		name   string
		events int
	}{{"3 events", 3}, {fmt.Sprintf("%d events", n), n}}
	var contestants []contestant
	for i, l := range logs {
		rdb := b.client()
		prefix := fmt.Sprintf("cold%d:", i)
		seed := b.coherent(b.rediscache(rdb, prefix), coherent.Options{})
		_, err := coherent.Fetch(b.ctx, seed, "old", time.Hour, loaded)
		b.must(err)
		b.appendEvents(seed, l.events)
		started := func(do func(*coherent.Cache)) func() func(int) {
			return each(func() {
				c, err := coherent.New(b.rediscache(rdb, prefix), &coherent.Options{Timeout: patience})
				b.must(err)
				do(c)
				b.must(c.Close())
			})
		}
		fresh := 0
		contestants = append(contestants,
			contestant{name: "first answer, " + l.name, once: true, worker: started(func(c *coherent.Cache) {
				fresh++
				_, err := coherent.Fetch(b.ctx, c, fmt.Sprint("new", fresh), time.Hour, loaded)
				b.must(err)
			})},
			contestant{name: "an old value is found, " + l.name, once: true, worker: started(func(c *coherent.Cache) {
				for {
					_, err := coherent.Fetch(b.ctx, c, "old", time.Hour, notLoaded)
					if err == nil {
						return
					}
					if !errors.Is(err, errNotLoaded) {
						b.must(err)
					}
					time.Sleep(time.Millisecond)
				}
			})})
	}
	all := b.race(contestants...)
	b.compare(all, all[0].name, "CPU ns", cpu)
}

// appendEvents purges n groups, many at a time.
func (b *bench) appendEvents(c *coherent.Cache, n int) {
	var wg sync.WaitGroup
	errs := make([]error, manyVisitors)
	for w := range manyVisitors {
		wg.Go(func() {
			for i := w; i < n && errs[w] == nil; i += manyVisitors {
				errs[w] = c.Purge(b.ctx, cache.Event{Dependencies: []cache.Dependency{cache.Group(fmt.Sprint("post:", i))}})
			}
		})
	}
	wg.Wait()
	b.must(errors.Join(errs...))
}
