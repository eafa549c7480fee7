package engine

import (
	"sync/atomic"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/held"
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

	room [fewDeps]uint64 // for deps, if they are few
}

// fewDeps is how many dependencies most values have at most.
const fewDeps = 8

var _ held.Value = (*Stored[int])(nil)

// A Placed value has room for what the engine notes of it, so that both are one object.
type placed[V any] interface {
	// Place returns the room, or nil if it was given away before.
	Place() *Stored[V]
}

// A held value is told what becomes of it in a store that says so ([held.Value]).
type heldValue[V any] interface {
	Entered()
	Left(next V) // what took its place, or nothing
	Used() bool
}

// newStored returns a value with its stamp, dependencies and end.
func newStored[V any](value V, stamp cache.Position, deps []uint64, end end) *Stored[V] {
	var s *Stored[V]
	if p, ok := any(value).(placed[V]); ok {
		s = p.Place()
	}
	if s == nil {
		s = new(Stored[V])
	}
	s.Value, s.stamp, s.deps, s.end = value, stamp, deps, end
	if len(deps) <= fewDeps {
		s.deps = s.room[:copy(s.room[:], deps):len(deps)]
	}
	return s
}

// Entered implements [held.Value].
func (s *Stored[V]) Entered() {
	if v, ok := any(s.Value).(heldValue[V]); ok {
		v.Entered()
	}
}

// Left implements [held.Value].
func (s *Stored[V]) Left(next any) {
	if v, ok := any(s.Value).(heldValue[V]); ok {
		var after V
		if n, ok := next.(*Stored[V]); ok {
			after = n.Value
		}
		v.Left(after)
	}
}

// Used implements [held.Value].
func (s *Stored[V]) Used() bool {
	v, ok := any(s.Value).(heldValue[V])
	return ok && v.Used()
}

// PassTo makes f depend on the dependencies of s, because s becomes a part of f's
// value. A nil f is ignored.
func (s *Stored[V]) PassTo(f *Fill) {
	if f != nil {
		f.addHashes(s.deps)
	}
}
