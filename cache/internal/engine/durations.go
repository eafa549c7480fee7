package engine

import (
	"hash/maphash"
	"sync/atomic"
	"time"
)

const (
	// unknownPatience is for how long requests wait for a flight before one of
	// them leads another, where nothing is known of the value.
	unknownPatience = 200 * time.Millisecond

	// minPatience covers the trips to the store that are part of a flight.
	minPatience = 25 * time.Millisecond

	longestPatience = time.Hour
)

// patience is for how long requests wait before one of them leads another flight, if
// making the value took a time when it was made last.
func patience(took time.Duration) time.Duration {
	if took <= 0 {
		return unknownPatience
	}
	return min(max(2*min(took, longestPatience), minPatience), longestPatience)
}

// lasted remembers how long the making of values took, by key. It is bounded, and
// forgets when two keys meet in one slot.
type lasted struct {
	seed  maphash.Seed
	slots [1 << 12]atomic.Uint64 // the upper half of a key's hash, and the time in units of 10 µs
}

const lastedUnit = 10 * time.Microsecond

func (l *lasted) slot(key string) (slot *atomic.Uint64, mark uint64) {
	h := maphash.String(l.seed, key)
	return &l.slots[h%uint64(len(l.slots))], h &^ 0xffffffff
}

func (l *lasted) set(key string, took time.Duration) {
	slot, mark := l.slot(key)
	slot.Store(mark | uint64(min(max(took/lastedUnit, 1), 1<<32-1)))
}

// of returns what was set, or 0.
func (l *lasted) of(key string) time.Duration {
	slot, mark := l.slot(key)
	x := slot.Load()
	if x&^0xffffffff != mark {
		return 0
	}
	return time.Duration(x&0xffffffff) * lastedUnit
}
