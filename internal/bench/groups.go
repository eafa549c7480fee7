package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

var (
	groupCounts = []int{0, 1, 4, 16, 64}
	purgeRates  = []int{0, 1, 10, 100, 1000}
)

// benchGroups is what a hit costs as pages name more groups, and as more
// purges happen that do not name the page.
func benchGroups(b *bench) {
	b.printf(`A hit in memory on a page in 0 to 64 groups, while 0 to 1,000 purges a second
name other groups; what the purges take is in it. Ratios are to no groups and no
purges.`)
	var contestants []contestant
	name := func(groups, rate int) string { return fmt.Sprintf("%d groups, %d purges/s", groups, rate) }
	for _, n := range groupCounts {
		for _, rate := range purgeRates {
			pages := b.pages(b.memory(), coherent.Options{})
			contestants = append(contestants, contestant{
				name:   name(n, rate),
				worker: b.visits(pages.Handler(inGroups(n)), pageURL),
				during: b.purging(pages, rate),
			})
		}
	}
	all := b.race(contestants...)
	base := name(0, 0)
	head := []string{"groups", "CPU ns, nothing purged"}
	for _, rate := range purgeRates {
		head = append(head, fmt.Sprintf("× at %d purges/s", rate))
	}
	var rows [][]string
	for _, n := range groupCounts {
		row := []string{fmt.Sprint(n), named(all, name(n, 0)).estimate(cpu).String()}
		for _, rate := range purgeRates {
			row = append(row, ratio(named(all, name(n, rate)), named(all, base), cpu).String())
		}
		rows = append(rows, row)
	}
	b.table(head, rows)
	b.bar("a hit with 64 groups over one with none", ratio(named(all, name(64, 0)), named(all, base), cpu), 1.5)
	b.bar("a hit with 64 groups at 1,000 purges a second over one with none", ratio(named(all, name(64, 1000)), named(all, base), cpu), 1.5)

	byGroups := graph{file: "groups", title: "A hit, by groups of its page", x: "groups", y: "CPU ns a hit"}
	for _, rate := range []int{0, 1000} {
		l := line{name: fmt.Sprintf("%d purges/s", rate)}
		for _, n := range groupCounts {
			l.points = append(l.points, [2]float64{float64(n), named(all, name(n, rate)).estimate(cpu).mid})
		}
		byGroups.lines = append(byGroups.lines, l)
	}
	b.graph(byGroups)
	byRate := graph{file: "purges", title: "A hit, by purges a second", x: "purges a second", y: "CPU ns a hit"}
	for _, n := range []int{0, 16, 64} {
		l := line{name: fmt.Sprintf("%d groups", n)}
		for _, rate := range purgeRates {
			l.points = append(l.points, [2]float64{float64(rate), named(all, name(n, rate)).estimate(cpu).mid})
		}
		byRate.lines = append(byRate.lines, l)
	}
	b.graph(byRate)
}

// inGroups is the bare handler with n groups.
func inGroups(n int) http.Handler {
	groups := make([]string, n)
	for i := range groups {
		groups[i] = fmt.Sprint("author:", i)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pagecache.AddGroups(r.Context(), groups...)
		bare(w, r)
	})
}

// purging purges a group that no page is in, as often as it is told.
func (b *bench) purging(pages *pagecache.Cache, rate int) func() func() {
	if rate == 0 {
		return nil
	}
	n := 0
	return func() func() {
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			tick := time.NewTicker(time.Second / time.Duration(rate))
			defer tick.Stop()
			for {
				select {
				case <-stop:
					return
				case <-tick.C:
					n++
					// A failure shows in what a hit costs afterwards; there is no reason for one.
					_ = pages.Purge(b.ctx, cache.Event{Dependencies: []cache.Dependency{cache.Group(fmt.Sprint("post:", n%10_000))}})
				}
			}
		})
		return func() { close(stop); wg.Wait() }
	}
}
