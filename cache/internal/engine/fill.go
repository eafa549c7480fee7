package engine

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/uncache/uncache/cache"
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
type Deps struct {
	mu      sync.Mutex
	hashes  []uint64
	tooMany bool
}

// maxDeps bounds the memory of a fill, and of what is stored: 8 bytes each.
const maxDeps = 1 << 16

// Add names dependencies. A path with encoded slashes is named in its decoded form
// as well ([cache.Dependency.Decoded]).
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
	}
}

// add names a dependency. The caller holds mu. What is named twice takes room
// once: a handler may name the group of each of a million rows.
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

func (d *Deps) compact() {
	slices.Sort(d.hashes)
	d.hashes = slices.Compact(d.hashes)
}

// TooMany reports whether more was named than a value may be made from. Such a
// value is neither stored nor given to others: it has forgotten what it names.
func (d *Deps) TooMany() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.tooMany
}

// addAll names what another value was made from that is part of this one.
func (d *Deps) addAll(from *Deps) {
	hashes, tooMany := from.snapshot(), from.TooMany()
	d.addHashes(hashes)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tooMany = d.tooMany || tooMany
}

// Hashes returns the [cache.Dependency.Hash] of what was named so far, sorted, each
// once. The slice is the caller's.
func (d *Deps) Hashes() []uint64 { return d.snapshot() }

func (d *Deps) addHashes(hashes []uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, h := range hashes {
		d.add(h)
	}
}

// snapshot returns what was named so far, sorted and without repetitions.
func (d *Deps) snapshot() []uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.compact()
	return slices.Clone(d.hashes)
}

// A Fill is one making of a value. It carries its stamp: the position that this
// process had read when the making began.
type Fill struct {
	Deps
	stamp cache.Position

	rolledBack atomic.Bool // it may show what was never committed
}

// Begin begins a fill. Whatever the fill reads must be read after Begin, from
// a source that shows every commit that came before: the stamp says so.
func (c *Cache) Begin() *Fill {
	return &Fill{stamp: c.view().position()}
}

// again returns a fill that begins now and depends on what f has named.
func (f *Fill) again(c *Cache) *Fill {
	again := &Fill{stamp: c.view().position()}
	again.addAll(&f.Deps)
	return again
}

// Position returns the fill's stamp.
func (f *Fill) Position() cache.Position { return f.stamp }

type fillKey struct{}

// WithFill returns a context that carries f, so that values which are fetched
// with it pass their dependencies on to f, and that f is not stored if a
// transaction in it is rolled back ([cache.RolledBack]).
func WithFill(ctx context.Context, f *Fill) context.Context {
	ctx = cache.WithRolledBack(ctx, func() { f.rolledBack.Store(true) })
	return context.WithValue(ctx, fillKey{}, f)
}

// RolledBack reports whether something was saved and rolled back while f was made.
// What f has made may show it, and is neither stored nor given to others.
func (f *Fill) RolledBack() bool { return f.rolledBack.Load() }

// FillFrom returns the innermost fill that ctx carries, or nil.
func FillFrom(ctx context.Context) *Fill {
	f, _ := ctx.Value(fillKey{}).(*Fill)
	return f
}

// PassTo makes outer depend on what f has named, because what f makes is part of
// what outer makes. A nil outer is none.
func (f *Fill) PassTo(outer *Fill) {
	if outer != nil {
		outer.addAll(&f.Deps)
	}
}
