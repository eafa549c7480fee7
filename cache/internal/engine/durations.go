package engine

import (
	"hash/maphash"
	"sync/atomic"
	"time"
)

// durations remembers how long the fill of each key took last. It is bounded: a key
// is forgotten when another takes its slot.
type durations struct {
	seed  maphash.Seed
	slots [1 << 12]atomic.Uint64 // the upper half of a key's hash, and the time in units
}

const durationUnit = 10 * time.Microsecond

func (d *durations) slot(key string) (slot *atomic.Uint64, mark uint64) {
	h := maphash.String(d.seed, key)
	return &d.slots[h%uint64(len(d.slots))], h &^ 0xffffffff
}

func (d *durations) set(key string, took time.Duration) {
	slot, mark := d.slot(key)
	slot.Store(mark | uint64(min(max(took/durationUnit, 1), 1<<32-1)))
}

// of returns how long the fill of key took, or 0 if that is not known.
func (d *durations) of(key string) time.Duration {
	slot, mark := d.slot(key)
	x := slot.Load()
	if x&^0xffffffff != mark {
		return 0
	}
	return time.Duration(x&0xffffffff) * durationUnit
}
