package rediscache

import (
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
)

// Bounds of gathering, for the tests.
const (
	MaxTrips    = maxTrips
	MaxGathered = maxGathered

	MaxGathering = maxGathering
	FarAway      = farAway
)

// GatherFor sets for how long reads gather. Call it before the first of them.
func (b *Backend) GatherFor(patience time.Duration) { b.gather.patience = patience }

// Gathered is how many reads wait to be sent together.
func (b *Backend) Gathered() int {
	b.gather.mu.Lock()
	defer b.gather.mu.Unlock()
	if b.gather.next == nil {
		return 0
	}
	return len(b.gather.next.reads)
}

// Trips is how many reads are under way. A read that has answered may take a
// moment to come back, so Trips waits until there are none, for 10 s at most.
func (b *Backend) Trips() (n int) {
	for range 10_000 {
		b.gather.mu.Lock()
		n = b.gather.trips
		b.gather.mu.Unlock()
		if n == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return n
}

// Head is the value of a head.
func Head(pos cache.Position, id string, total uint64) string {
	return fmt.Sprint(uint64(pos), " ", id, " ", total, " ", fold(fold(checkID(id), uint64(pos)), total))
}

// Checksum is that of the values of an entry: time, soft, why, who and deps.
func Checksum(values ...string) string { return checksum(values...) }

// WithoutDigest has appends send the script each time.
func (b *Backend) WithoutDigest() { b.noDigest.Store(true) }
