package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/uncache/uncache/backend/bounded"
	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
)

// benchZipf is the share of requests that find their page, where there are ten
// times more pages than room.
func benchZipf(b *bench) {
	const requests = 1_000_000
	room := b.size(10_000)
	b.printf(`%d pages of 1 to 16 KiB, and room for a tenth of their bytes; %d requests,
by how often each page is asked for (Zipf), alone and with a crawler that asks for
one page after the other in every fifth request.`, 10*room, b.size(requests))
	var rows [][]string
	for _, s := range []float64{1.01, 1.2, 1.5} {
		for _, crawler := range []bool{false, true} {
			name := fmt.Sprintf("Zipf %v", s)
			if crawler {
				name += ", crawler"
			}
			trace := zipfTrace(s, 10*room, b.size(requests), crawler)
			bytes := int64(room) * (meanSize + memory.EntryOverhead)
			m := memory.New(&memory.Options{MaxBytes: bytes})
			w, err := bounded.New(&bounded.Options{MaxBytes: bytes})
			b.must(err)
			rows = append(rows, []string{name, percent(hitRatio(m, trace)), percent(hitRatio(w, trace))})
			_, _ = m.Close(), w.Close()
		}
	}
	b.table([]string{"", "memory (CLOCK)", "bounded (W-TinyLFU)"}, rows)
}

const meanSize = 17 << 9 // of 1 to 16 KiB

// zipfTrace returns what is asked for.
func zipfTrace(s float64, pages, requests int, crawler bool) []int {
	r := rand.New(rand.NewPCG(uint64(s*100), uint64(pages)))
	zipf := rand.NewZipf(r, s, 1, uint64(pages-1))
	trace := make([]int, requests)
	next := 0
	for i := range trace {
		if crawler && i%5 == 0 {
			trace[i], next = next, (next+1)%pages
			continue
		}
		trace[i] = int(zipf.Uint64())
	}
	return trace
}

// hitRatio replays a trace: what is not found is stored.
func hitRatio(store cache.Local, trace []int) float64 {
	hits := 0
	var key []byte
	for _, page := range trace {
		key = fmt.Appendf(key[:0], "page:example.com/blog/%d/", page)
		if _, ok := store.GetLocal(key); ok {
			hits++
			continue
		}
		store.SetLocal(string(key), page, (1+page*7919%16)<<10, time.Hour)
	}
	return float64(hits) / float64(len(trace))
}

func percent(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }
