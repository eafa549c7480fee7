package coherent

import (
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/engine"
)

// Deps collects the dependencies of a value while it is loaded. They may be named at
// any moment of the load, even after the data was read: an event that names one of
// them and came after the load began makes the value unusable.
//
// A value may have up to 65,536 dependencies. One with more is not stored, see
// [Deps.TooMany].
//
// A Deps may be used from many goroutines at once. What is added after the load has
// returned is ignored. A zero Deps is ready for a load function that you call yourself,
// in a test for example.
type Deps struct {
	fill *engine.Fill // nil in a zero Deps
	own  engine.Deps  // used without a fill
}

func (d *Deps) deps() *engine.Deps {
	if d.fill != nil {
		return &d.fill.Deps
	}
	return &d.own
}

// Add names dependencies. A path with encoded slashes is also named in its decoded
// form ([cache.Dependency.Decoded]).
func (d *Deps) Add(deps ...cache.Dependency) { d.deps().Add(deps...) }

// AddGroups names cache groups (RFC 9875).
func (d *Deps) AddGroups(names ...string) { d.deps().AddGroups(names...) }

// TooMany reports whether more dependencies were named than a value may have. Such a
// value is neither stored nor given to other calls: not all of its dependencies are
// known.
func (d *Deps) TooMany() bool { return d.deps().TooMany() }
