package figures

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
)

// bounds are those of every Histogram: from a purge in memory to a page that takes a
// minute.
var bounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute,
}

// A Histogram counts how long something takes. The zero value has counted nothing.
type Histogram struct {
	counts [len(bounds) + 1]atomic.Uint64 // by the bucket alone; the last is beyond all bounds
	sum    atomic.Int64
}

// Add counts something that took d. Less than nothing counts as nothing.
func (h *Histogram) Add(d time.Duration) {
	i, _ := slices.BinarySearch(bounds[:], d)
	h.sum.Add(int64(max(d, 0)))
	h.counts[i].Add(1)
}

// Snapshot returns what was counted. What is counted meanwhile may be in the sum alone.
func (h *Histogram) Snapshot() cache.Histogram {
	s := cache.Histogram{Buckets: make([]cache.Bucket, len(bounds))}
	for i, bound := range bounds {
		s.Count += h.counts[i].Load()
		s.Buckets[i] = cache.Bucket{UpTo: bound, Count: s.Count}
	}
	s.Count += h.counts[len(bounds)].Load()
	s.Sum = time.Duration(h.sum.Load())
	return s
}
