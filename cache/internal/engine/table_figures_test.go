//go:build !race

package engine

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
)

// Nearly all pages with twelve dependencies are still hits after purges of 250,000 or
// 500,000 other names.
func TestPagesSurviveOtherPurges(t *testing.T) {
	for _, names := range []int{250_000, 500_000} {
		w := named(defaultMaxDependencies, names, groupOf)
		const pages = 5000
		lost := 0
		for i := range pages {
			deps := hashes(pageOf(i)...)
			if len(deps) != 12 {
				t.Fatalf("a page has %d dependencies, want 12", len(deps))
			}
			if got, _ := w.judge(1, deps); got != Fresh {
				lost++
			}
		}
		if lost > pages/1000 {
			t.Errorf("%d of %d pages were lost to %d purges of others, want at most one in 1,000", lost, pages, names)
		}
	}
}

// Five million names take at most 40 MB, and few take little.
func TestMemoryOfTheView(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	w := newView(defaultMaxDependencies)
	w.apply(cache.Events{From: 1, Head: 1})
	rng := rand.New(rand.NewPCG(1, 1))
	names := 0
	for _, tt := range []struct {
		names int
		most  int64
	}{{0, 100 << 10}, {1000, 1 << 20}, {100_000, 8 << 20}, {5_000_000, 40_000_000}} {
		for ; names < tt.names; names++ {
			w.addName(rng.Uint64(), false, cache.Position(names+2))
		}
		if took := heap() - before; took > tt.most {
			t.Errorf("%d names take %d bytes, want at most %d", names, took, tt.most)
		}
	}
	runtime.KeepAlive(w)
}

// No step of filling a view takes long, at any size and when it is full. Each step is timed
// in several views and the best time counts: other work of the machine hits another step
// each time.
func TestNoStepStalls(t *testing.T) {
	const rounds, step = 4, 200
	for _, limit := range []int{100, 1 << 12, 1 << 16, defaultMaxDependencies} {
		steps := min(3*limit, 1<<18)/step + 1
		best := make([]time.Duration, steps)
		for i := range best {
			best[i] = math.MaxInt64
		}
		for range rounds {
			w := newView(limit)
			rng := rand.New(rand.NewPCG(uint64(limit), 1))
			runtime.GC()
			for i := range best {
				began := time.Now()
				for j := range step {
					w.addName(rng.Uint64(), false, cache.Position(i*step+j+1))
				}
				best[i] = min(best[i], time.Since(began))
			}
		}
		for i, took := range best {
			if took > time.Millisecond {
				t.Errorf("limit %d: names %d to %d took %v", limit, i*step, (i+1)*step, took)
			}
		}
	}
}
