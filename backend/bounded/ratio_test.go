package bounded_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/bounded"
	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
)

// Ten times more pages than room, asked for as pages are: a few all the time,
// most hardly ever. What this package is for is that more requests find their
// page than with package memory.
func TestHitRatioIsAtLeastMemorys(t *testing.T) {
	const room, size, requests = 1000, 4 << 10, 200_000
	for _, crawler := range []bool{false, true} {
		t.Run(fmt.Sprint("crawler ", crawler), func(t *testing.T) {
			m := memory.New(&memory.Options{MaxBytes: room * (size + memory.EntryOverhead + 20)})
			defer m.Close()
			w := open(t, &bounded.Options{MaxBytes: room * (size + bounded.EntryOverhead + 20)})
			clock, tiny := replay(m, room*10, requests, size, crawler), replay(w, room*10, requests, size, crawler)
			t.Logf("of %d requests %d hit in memory, %d here", requests, clock, tiny)
			if tiny < clock {
				t.Errorf("of %d requests %d hit, %d with package memory: want no fewer", requests, tiny, clock)
			}
		})
	}
}

// replay is the same for every store: what is not found is stored.
func replay(store cache.Local, pages, requests, size int, crawler bool) (hits int) {
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 1, uint64(pages-1))
	for i := range requests {
		page := int(zipf.Uint64())
		if crawler && i%5 == 0 {
			page = i / 5 % pages
		}
		key := fmt.Appendf(nil, "page:/blog/%d/", page)
		if _, ok := store.GetLocal(key); ok {
			hits++
			continue
		}
		store.SetLocal(string(key), page, size, time.Hour)
	}
	return hits
}
