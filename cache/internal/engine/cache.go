package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/isnil"
	"github.com/uncache/uncache/internal/option"
)

// A Cache decides what may be served from a backend, by the backend's log. It holds
// what all [Values] of one backend share: the view of the log, and the breaker.
//
// All methods of the types of this package may be called from many goroutines at
// once, unless they say otherwise.
type Cache struct {
	opts    Options
	life    lifetime
	observe observer
	reader  reader
	tiers   []tier                       // nearest first
	near    func(key []byte) (any, bool) // GetLocal of the first tier; nil if it keeps no Go values
	breaker breaker
	leases  leases
	count   counts
}

// New returns a Cache over b. Nil options mean the defaults. Call Close to stop its
// goroutines.
func New(b cache.Backend, opts *Options) (*Cache, error) {
	if isnil.Value(b) {
		return nil, option.Errorf(ErrOptions, "coherent: New: the backend is nil; look at the error that came with it")
	}
	c := &Cache{}
	if opts != nil {
		c.opts = *opts
	}
	if err := c.opts.complete(); err != nil {
		return nil, err
	}
	c.life.begin()
	c.observe = c.count.observing(c.opts.Observe)
	c.reader = reader{log: b, opts: c.opts, life: &c.life, observe: c.observe, start: time.Now()}
	c.reader.local, _ = b.(cache.LocalLog)
	c.reader.current.Store(newView(c.opts.MaxDependencies))
	c.tiers = tiersOf(b)
	if t := &c.tiers[0]; t.local != nil {
		c.near = t.local.GetLocal
	}
	c.breaker = breaker{reader: &c.reader, tiers: c.tiers, timeout: c.opts.Timeout, life: &c.life, observe: c.observe}
	if !c.opts.NoBreaker && c.remote() {
		c.breaker.wake = make(chan struct{}, 1)
	}
	c.leases = leasesOf(b, c.opts.Lease)
	if c.opts.MaxStale > 0 && c.reader.local == nil {
		c.life.start(func() { c.keepConfirmed(c.life.ctx) })
	}
	return c, nil
}

// remote reports whether a part of the backend may be outside of this process's
// memory.
func (c *Cache) remote() bool {
	return c.reader.local == nil || slices.ContainsFunc(c.tiers, func(t tier) bool { return t.local == nil })
}

// Close stops the goroutines of the Cache and waits for them. Afterwards nothing is
// served from the cache or stored in it. Close does not close the backend. It may be
// called again, and always returns nil.
func (c *Cache) Close() error {
	c.life.end()
	return nil
}

// Begin begins a fill. Everything that the fill reads must be read after Begin, from
// a source that shows every earlier commit.
func (c *Cache) Begin() *Fill { return newFill(c.reader.view().position()) }

// CollapseTimeout returns how long a request waits for the fills of others.
func (c *Cache) CollapseTimeout() time.Duration { return c.opts.CollapseTimeout }

// Observe tells Options.Observe of an error that no caller can be told.
func (c *Cache) Observe(op Op, key string, err error) { c.observe.report(op, key, err) }

// Purge appends e to the log. coherent.Cache.Purge says what it promises.
func (c *Cache) Purge(ctx context.Context, e cache.Event) (err error) {
	defer c.count.purge(e.Dependencies, time.Now(), &err)
	e.Dependencies = cache.WithDecoded(e.Dependencies)
	if e.Origin == "" {
		e.Origin = c.opts.Origin
	}
	pos, err := appendTo(ctx, c.reader.log, e)
	if err != nil {
		return fmt.Errorf("coherent: purge %s: %w", describe(e.Dependencies), err)
	}
	c.breaker.wakeUp()
	// This process sees its own purge at once, MaxStale or not. If the read fails, the
	// promise of Purge holds nevertheless.
	if c.reader.local != nil {
		// The read costs next to nothing. A view that waits for the next request could
		// fall behind a log that forgets, when many purge at once.
		if err := c.reader.catchUp(ctx); err != nil && !errors.Is(err, cache.ErrClosed) {
			c.observe.report(OpSince, "", err)
		}
	}
	if c.opts.MaxStale > 0 && c.reader.local == nil && c.reader.view().position() < pos {
		within, cancel := context.WithTimeout(ctx, c.opts.Timeout)
		defer cancel()
		if err := c.breaker.record(ctx, within, c.reader.read(within)); err != nil && !errors.Is(err, cache.ErrClosed) && !errors.Is(err, errUnavailable) {
			c.observe.report(OpSince, "", err)
		}
	}
	return nil
}

// describe names the first few dependencies of an event, for an error.
func describe(deps []cache.Dependency) string {
	const most = 3
	names := make([]string, 0, most)
	for _, d := range deps[:min(len(deps), most)] {
		if d == cache.All {
			d = "everything"
		}
		names = append(names, string(d.Bounded()))
	}
	if more := len(deps) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// judge says what a value is worth by the view as it is now. checked is the last
// position by which it was fresh: its dependencies are looked up once per event in
// the log, not once per request.
func (c *Cache) judge(checked *atomic.Uint64, stamp cache.Position, deps []uint64) Verdict {
	w := c.reader.view()
	if pos := w.pos.Load(); pos != 0 && checked.Load() == pos {
		return Fresh
	}
	verdict, pos := w.judge(stamp, deps)
	if verdict == Fresh {
		checked.Store(uint64(pos))
	}
	return verdict
}
