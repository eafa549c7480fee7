package memory

import (
	"hash/maphash"
	"sync/atomic"
)

// front finds entries without a lock. go-cache's read lock is a number in memory
// which every reader changes twice; processors that pass its cache line around
// made two of them find less than one alone.
//
// It is a hash table of chains. Readers only load pointers. A writer holds
// the store's mu, so there is one:
//
//   - an entry is added at the head of its chain, complete;
//   - an entry is taken out, or replaced in its place, by one store of the pointer
//     that leads to it. It keeps its own pointer, so that a reader at it
//     finds the way on. A reader that begins later does not get there: no
//     pointer that it can reach leads to it;
//   - to grow, all entries are linked anew, into a new table. A reader on its way
//     may be led from its chain into another, and miss what is there.
//
// Therefore what is found is right, and what is not found is looked for in
// go-cache, which has everything.
type front struct {
	seed  maphash.Seed
	table atomic.Pointer[[]atomic.Pointer[entry]] // its length is a power of two
}

const (
	frontMin = 64
	// frontSteps bounds how far a reader follows a chain that is being changed.
	// Chains are shorter, but for one in many million.
	frontSteps = 16
)

func newFront() *front {
	f := &front{seed: maphash.MakeSeed()}
	f.clear()
	return f
}

// hash is of 32 bits, which is enough to choose among 4 billion chains, and leaves
// an entry at 80 bytes.
func (f *front) hash(key string) uint32 { return uint32(maphash.String(f.seed, key)) }

// find returns the entry under key, or nil if it is not there, or was not found.
func (f *front) find(key string) *entry {
	h := f.hash(key)
	table := *f.table.Load()
	e := table[h&uint32(len(table)-1)].Load()
	for range frontSteps {
		if e == nil {
			return nil
		}
		if e.hash == h && e.key == key {
			return e
		}
		e = e.chain.Load()
	}
	return nil
}

// add adds e, which has a key of its own, and is among all. The caller holds the
// store's mu.
func (f *front) add(e *entry, all *clock) {
	table := *f.table.Load()
	if all.len <= len(table) {
		link(table, e)
		return
	}
	grown := make([]atomic.Pointer[entry], 2*len(table))
	all.each(func(e *entry) { link(grown, e) })
	f.table.Store(&grown)
}

func link(table []atomic.Pointer[entry], e *entry) {
	head := &table[e.hash&uint32(len(table)-1)]
	e.chain.Store(head.Load())
	head.Store(e)
}

// replace puts next in the place of old, which has the same key, or takes old
// out if next is nil. The caller holds the store's mu.
func (f *front) replace(old, next *entry) {
	table := *f.table.Load()
	at := &table[old.hash&uint32(len(table)-1)]
	for e := at.Load(); e != old; e = at.Load() {
		at = &e.chain
	}
	if next == nil {
		at.Store(old.chain.Load())
		return
	}
	next.chain.Store(old.chain.Load())
	at.Store(next)
}

// clear takes everything out, and gives the memory back.
func (f *front) clear() {
	table := make([]atomic.Pointer[entry], frontMin)
	f.table.Store(&table)
}
