package engine

import (
	"math/bits"
	"math/rand/v2"
	"sync/atomic"

	"github.com/uncache/uncache/cache"
)

// A table keeps, for each dependency, the last positions that named it, in a fixed
// number of slots. It is set-associative:
//
//	hash of a dependency, mixed with secrets of this table
//	  → one bucket of 16 slots: a tag of 31 bits, hard or soft, and a position
//	  → one floor of the bucket: values stamped before it are purged
//
// A dependency that was purged both hard and softly has two slots. A full bucket
// gives its oldest slot to the new name, and its floor rises to the position of that
// slot. So forgetting costs nothing, stops no request and purges only older values
// with a dependency in this bucket. Two names with the same tag in one bucket are
// purged together: too much, never too little. The secrets keep visitors from
// choosing names that share a bucket.
//
// One goroutine at a time may add. Any number may find meanwhile, without a lock.
// Memory grows with use, a few kilobytes at a time, and nothing is moved.
type table struct {
	secrets [2]uint64
	buckets uint64
	ways    int // slots of a bucket

	first []atomic.Pointer[[firstSize]atomic.Uint32] // a bucket's first block, by its number
	slabs []atomic.Pointer[[slabSize]block]          // blocks, by their numbers
	used  uint32                                     // how many blocks are in use; number 0 is none
	named int                                        // how many slots are in use
}

// A block is a quarter of a bucket, and one cache line. The blocks of a bucket form a
// list, which only grows.
type block struct {
	positions [blockSlots]atomic.Uint64
	tags      [blockSlots]atomic.Uint32 // 0: the slot was never used
	floor     atomic.Uint64             // the bucket's, in its first block
	next      atomic.Uint32             // the next block's number, 0 for none
}

const (
	bucketSlots = 16
	blockSlots  = 4
	firstSize   = 1 << 11
	slabSize    = 1 << 9

	softTag = 1 // this bit of a tag is set for soft purges
)

// newTable returns a table of at most limit slots.
func newTable(limit int) *table {
	t := &table{secrets: [2]uint64{rand.Uint64(), rand.Uint64() | 1}}
	t.ways = max(min(limit, bucketSlots), 1)
	t.buckets = uint64(max(limit/bucketSlots, 1))
	t.first = make([]atomic.Pointer[[firstSize]atomic.Uint32], (t.buckets+firstSize-1)/firstSize)
	blocks := 1 + t.buckets*uint64((t.ways+blockSlots-1)/blockSlots)
	t.slabs = make([]atomic.Pointer[[slabSize]block], (blocks+slabSize-1)/slabSize)
	return t
}

// place returns the bucket and the tag of a hash.
func (t *table) place(hash uint64) (bucket uint64, tag uint32) {
	high, low := bits.Mul64(hash^t.secrets[0], t.secrets[1])
	high, low = bits.Mul64(high^low, t.secrets[0]|1)
	mixed := high ^ low
	bucket, _ = bits.Mul64(mixed, t.buckets)
	return bucket, max(uint32(mixed)&^softTag, softTag<<1)
}

func (t *table) block(number uint32) *block {
	return &t.slabs[number/slabSize].Load()[number%slabSize]
}

// find returns the last positions that named a dependency, or later ones. hard is at
// least the bucket's floor.
//
// The floor is read after the slots, also when the tag was found. It is raised before
// a slot gets another name, so whatever find misses meanwhile is below the floor:
//
//	find                             add
//	reads a's slot: not here yet
//	                                 raises the floor to b's position
//	                                 gives b's slot to a, or to c
//	looks for b: not found
//	reads the floor: at least the position of b
//
// In the same way, a hard purge may have been forgotten and a soft one of the same
// name added later: the tag is found, and the floor knows more.
func (t *table) find(hash uint64) (hard, soft cache.Position) {
	bucket, tag := t.place(hash)
	numbers := t.first[bucket/firstSize].Load()
	if numbers == nil {
		return 0, 0
	}
	number := numbers[bucket%firstSize].Load()
	if number == 0 {
		return 0, 0
	}
	first := t.block(number)
	for b := first; ; b = t.block(number) {
		for i := range b.tags {
			switch b.tags[i].Load() {
			case tag:
				hard = max(hard, cache.Position(b.positions[i].Load()))
			case tag | softTag:
				soft = max(soft, cache.Position(b.positions[i].Load()))
			}
		}
		if number = b.next.Load(); number == 0 {
			break
		}
	}
	return max(hard, cache.Position(first.floor.Load())), soft
}

// add records that the event at position p names a dependency. Positions may come in
// any order.
func (t *table) add(hash uint64, soft bool, p cache.Position) {
	bucket, tag := t.place(hash)
	if soft {
		tag |= softTag
	}
	numbers := t.first[bucket/firstSize].Load()
	if numbers == nil {
		numbers = new([firstSize]atomic.Uint32)
		t.first[bucket/firstSize].Store(numbers)
	}
	link := &numbers[bucket%firstSize]
	var oldest *atomic.Uint64
	var oldestTag *atomic.Uint32
	for n := 0; n < t.ways; {
		number := link.Load()
		if number == 0 {
			number = t.grow()
			t.block(number).positions[0].Store(uint64(p))
			t.block(number).tags[0].Store(tag)
			link.Store(number)
			t.named++
			return
		}
		b := t.block(number)
		for i := 0; i < blockSlots && n < t.ways; i, n = i+1, n+1 {
			position := &b.positions[i]
			switch b.tags[i].Load() {
			case tag:
				raise(position, p)
				return
			case 0: // slots are used in order: the tag is in none of them
				position.Store(uint64(p))
				b.tags[i].Store(tag)
				t.named++
				return
			}
			if oldest == nil || position.Load() < oldest.Load() {
				oldest, oldestTag = position, &b.tags[i]
			}
		}
		link = &b.next
	}
	first := t.block(numbers[bucket%firstSize].Load())
	if forgotten := cache.Position(oldest.Load()); p > forgotten {
		raise(&first.floor, forgotten)
		oldest.Store(uint64(p))
		oldestTag.Store(tag)
	} else {
		raise(&first.floor, p) // older than all slots
	}
}

// grow returns the number of an unused block.
func (t *table) grow() uint32 {
	t.used++
	if slab := &t.slabs[t.used/slabSize]; slab.Load() == nil {
		slab.Store(new([slabSize]block))
	}
	return t.used
}

// raise makes *to at least p. There is one writer at a time.
func raise(to *atomic.Uint64, p cache.Position) {
	if uint64(p) > to.Load() {
		to.Store(uint64(p))
	}
}
