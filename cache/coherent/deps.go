package coherent

import (
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/engine"
)

// Deps collects what a value is made from, while it is being made. Dependencies
// may be named at any moment of the fill, even after the data was read: an
// event that names one of them and came after the fill began makes the value
// unusable.
//
// A value may name up to 65,536 dependencies. One that names more is not stored,
// see [Deps.TooMany].
//
// A Deps is safe for concurrent use. What is added after the fill has returned
// is not seen.
type Deps struct{ fill *engine.Fill }

// Add names dependencies. A path with encoded slashes is named in its decoded form
// as well ([cache.Dependency.Decoded]).
func (d *Deps) Add(deps ...cache.Dependency) { d.fill.Add(deps...) }

// AddGroups names cache groups (RFC 9875).
func (d *Deps) AddGroups(names ...string) { d.fill.AddGroups(names...) }

// TooMany reports whether more was named than a value may be made from. Such a
// value is neither stored nor given to others: it has forgotten what it names.
func (d *Deps) TooMany() bool { return d.fill.TooMany() }
