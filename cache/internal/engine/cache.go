package engine

import (
	"slices"
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
		if w, ok := b.(cache.Waiter); ok {
			c.life.start(func() { c.follow(c.life.ctx, w) })
		}
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
