package engine

import (
	"slices"
	"sync"

	"github.com/uncache/uncache/cache"
)

// Deps collects the dependencies of a value, while it is being made: those of a
// [Fill], or coherent.Deps, which documents them.
type Deps struct {
	mu      sync.Mutex
	hashes  []uint64
	groups  []string // the first names of groups, for people
	tooMany bool
}

// maxDeps bounds the memory of a fill and of what is stored, at 8 bytes each.
const maxDeps = 1 << 16

// maxGroups is how many names of groups are kept while a value is made.
const maxGroups = 16

// Add names dependencies. A path with encoded slashes is also named in its decoded
// form ([cache.Dependency.Decoded]).
func (d *Deps) Add(deps ...cache.Dependency) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, dep := range deps {
		d.add(dep.Hash())
		if decoded, ok := dep.Decoded(); ok {
			d.add(decoded.Hash())
		}
	}
}

// AddGroups names cache groups (RFC 9875).
func (d *Deps) AddGroups(names ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range names {
		d.add(cache.Group(name).Hash())
		d.keepGroup(name)
	}
}

// keepGroup keeps the name of a group for people. The caller holds mu.
func (d *Deps) keepGroup(name string) {
	if len(d.groups) < maxGroups && !slices.Contains(d.groups, name) {
		d.groups = append(d.groups, name)
	}
}

// Groups returns the first names of groups that AddGroups was given. The slice is the
// caller's.
func (d *Deps) Groups() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.groups)
}

// add names a dependency. The caller holds mu. A repeated name takes room once: a
// handler may name the group of each of a million rows.
func (d *Deps) add(h uint64) {
	const few = 64
	if n := len(d.hashes); n >= few && n == cap(d.hashes) {
		d.compact()
	}
	if len(d.hashes) >= maxDeps {
		d.compact()
		d.tooMany = d.tooMany || len(d.hashes) >= maxDeps
	}
	if d.tooMany {
		d.hashes = nil
		return
	}
	d.hashes = append(d.hashes, h)
}

// compact sorts the hashes and drops repetitions. The caller holds mu.
func (d *Deps) compact() {
	slices.Sort(d.hashes)
	d.hashes = slices.Compact(d.hashes)
}

// TooMany reports whether more dependencies were named than a value may have. Such a
// value is neither stored nor given to other requests: not all of its dependencies
// are known.
func (d *Deps) TooMany() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.tooMany
}

// Hashes returns the [cache.Dependency.Hash] of each dependency named so far, sorted,
// each once. The slice is the caller's.
func (d *Deps) Hashes() []uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.compact()
	return slices.Clone(d.hashes)
}

// addHashes names dependencies by their hashes.
func (d *Deps) addHashes(hashes []uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, h := range hashes {
		d.add(h)
	}
}

// addAll names what from names.
func (d *Deps) addAll(from *Deps) {
	hashes, groups, tooMany := from.Hashes(), from.Groups(), from.TooMany()
	d.addHashes(hashes)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range groups {
		d.keepGroup(name)
	}
	d.tooMany = d.tooMany || tooMany
}
