package engine

import (
	"fmt"
	"testing"

	"github.com/uncache/uncache/cache"
)

// benchPages returns the dependencies of n pages: twelve names each, none of them purged.
func benchPages(n int) [][]uint64 {
	pages := make([][]uint64, n)
	for i := range pages {
		pages[i] = hashes(pageOf(i)...)
	}
	return pages
}

func pageOf(i int) []cache.Dependency {
	path := fmt.Sprintf("/blog/2026/11/%d/", i)
	deps := cache.AppendPathDependencies(nil, path)
	deps = append(deps, cache.URI("http://example.com"+path), cache.Route("GET /blog/{year}/{month}/{slug}/"))
	for j := len(deps); j < 12; j++ {
		deps = append(deps, cache.Group(fmt.Sprint("page ", i, " group ", j)))
	}
	return deps
}

// A page is judged if the log has moved since it was last served.
func BenchmarkJudge(b *testing.B) {
	for _, purged := range []int{0, 1_000, 100_000, 250_000} {
		w := newView(1 << 21)
		w.apply(cache.Events{From: 1, Head: 1})
		for i := range purged {
			pos := cache.Position(i + 2)
			w.apply(cache.Events{From: pos - 1, Head: pos, List: []cache.Event{event(pos, cache.Group(fmt.Sprint(i)))}})
		}
		pages := benchPages(1000)
		stamp := w.position()
		b.Run(fmt.Sprint("purged=", purged), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if got, _ := w.judge(stamp, pages[i%len(pages)]); got != Fresh {
					b.Fatalf("got %v", got)
				}
			}
		})
		b.Run(fmt.Sprint("parallel, purged=", purged), func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					if got, _ := w.judge(stamp, pages[i%len(pages)]); got != Fresh {
						b.Errorf("got %v", got)
						return
					}
				}
			})
		})
	}
}

// A purge of one name is applied.
func BenchmarkApply(b *testing.B) {
	b.ReportAllocs()
	w := newView(1 << 21)
	names := make([]cache.Dependency, 1<<16)
	for i := range names {
		names[i] = cache.Group(fmt.Sprint(i))
	}
	pos := cache.Position(1)
	for i := 0; b.Loop(); i++ {
		pos++
		w.apply(cache.Events{From: pos - 1, Head: pos, List: []cache.Event{event(pos, names[i%len(names)])}})
	}
}
