package engine

import (
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
)

// A Stored is a value as it is stored, with its stamp, dependencies and end. It is
// shared between requests and never changes, but for how far it was judged.
type Stored[V any] struct {
	// Value is what was stored.
	Value V

	stamp cache.Position
	deps  []uint64
	end   end

	checked atomic.Uint64 // see Cache.judge
}

// newStored returns what f made.
func newStored[V any](value V, f *Fill, ttl time.Duration) *Stored[V] {
	return &Stored[V]{Value: value, stamp: f.stamp, deps: f.Hashes(), end: endAfter(ttl)}
}

// PassTo makes f depend on the dependencies of s, because s becomes a part of f's
// value. A nil f is ignored.
func (s *Stored[V]) PassTo(f *Fill) {
	if f != nil {
		f.addHashes(s.deps)
	}
}
