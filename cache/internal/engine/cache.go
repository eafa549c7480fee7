package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/isnil"
	"github.com/uncache/uncache/internal/option"
)

// A Cache serves what is stored in a backend as long as the backend's log does
// not speak against it. It is safe for concurrent use; so is every method of
// the types of this package unless it says otherwise.
type Cache struct {
	opts  Options
	log   cache.Log
	head  cache.LocalLog // nil unless the log is in this process's memory
	tiers []tier
	known atomic.Pointer[view]         // see view and drop
	lease cache.Leaser                 // nil unless leases are asked for, and a store has them
	near  func(key []byte) (any, bool) // how Hit asks the first tier; nil if that keeps no Go values

	breaker   breaker
	patience  atomic.Int64 // how long the next read of the log may take, if longer than Timeout
	start     time.Time    // what confirmed counts from
	confirmed atomic.Int64 // when the newest read of the log began, in ns since start; 0 for never

	mu      sync.Mutex
	running *round // the read of the log that is under way
	next    *round // the one after it, for requests that came since

	recalling bool // what the view has skipped is being read

	closed atomic.Bool // set under mu, so that nothing begins behind Close's back
	life   context.Context
	stop   context.CancelFunc
	wg     sync.WaitGroup
}

// tier is one of the stores, with what it can do.
type tier struct {
	cache.Cache
	local cache.Local      // nil unless it keeps Go values
	head  cache.HeadGetter // nil unless it reads the log's head beside a value
	conns reacher          // nil unless it keeps connections
}

// A reacher is a store that keeps connections to a server. When a network has lost
// them, nobody tells: each that is used takes its user's time, although a new one
// would reach the server.
type reacher interface {
	// Reach asks the server on all idle connections, and on a new one, at the
	// same time. It returns nil if there was an answer, be it a refusal;
	// otherwise the error of one of them. That the server must not be believed
	// any more is no answer. Connections on which nothing came until ctx was
	// done are not used again.
	Reach(ctx context.Context) error
}

// New returns a Cache over b. A nil opts means the defaults.
//
// Close stops what New starts.
func New(b cache.Backend, opts *Options) (*Cache, error) {
	if isnil.Value(b) {
		return nil, option.Errorf(ErrOptions, "coherent: New: the backend is nil; look at the error that came with it")
	}
	c := &Cache{log: b, start: time.Now()}
	if opts != nil {
		c.opts = *opts
	}
	if err := c.opts.complete(); err != nil {
		return nil, err
	}
	c.known.Store(newView(c.opts.MaxDependencies))
	c.head, _ = b.(cache.LocalLog)
	c.tiers = tiersOf(b)
	c.near = nearOf(c.tiers[0])
	if c.opts.Lease > 0 {
		c.lease = leaserOf(b)
	}

	c.life, c.stop = context.WithCancel(context.Background())
	if !c.opts.NoBreaker && c.remote() {
		c.breaker.poke = make(chan struct{}, 1)
	}
	if c.opts.MaxStale > 0 && c.head == nil {
		c.wg.Go(func() { c.keepConfirmed(c.life) })
	}
	return c, nil
}

// remote reports whether anything of the backend is outside of this process's
// memory, as far as one can tell.
func (c *Cache) remote() bool {
	return c.head == nil || slices.ContainsFunc(c.tiers, func(t tier) bool { return t.local == nil })
}

// tiersOf looks up what each of b's tiers can do. The head that is read beside
// a value is the log's only in the last one, which brought the log.
func tiersOf(b cache.Backend) []tier {
	caches := cache.Tiers(b)
	tiers := make([]tier, len(caches))
	for i, t := range caches {
		tiers[i].Cache = t
		tiers[i].local, _ = t.(cache.Local)
		tiers[i].conns, _ = t.(reacher)
		if i == len(caches)-1 {
			tiers[i].head, _ = t.(cache.HeadGetter)
		}
	}
	return tiers
}

// Purge appends e to the log. When it has returned nil, no request that begins
// later, in any process that shares the log, is answered with a value that
// depends on what e names and whose fill began before; a process with a
// MaxStale keeps to that after MaxStale.
//
// The log is given bounded names ([cache.Event.Bounded]), and several events if e
// names more than 10,000 dependencies, or 4 MiB of them. An event without an
// Origin gets that of the Options.
//
// An error means that it is not known whether the event was recorded. To purge
// again is harmless. Purge works on a closed Cache too.
func (c *Cache) Purge(ctx context.Context, e cache.Event) error {
	e.Dependencies = cache.WithDecoded(e.Dependencies)
	if e.Origin == "" {
		e.Origin = c.opts.Origin
	}
	pos, err := c.appendEvent(ctx, e)
	if err != nil {
		return fmt.Errorf("coherent: purge %s: %w", describe(e.Dependencies), err)
	}
	c.answers()
	// The caller's own process sees its purge at once, MaxStale or not. If the
	// read fails the promise above holds all the same.
	if c.head != nil {
		// Here it costs next to nothing. A view that waits for the next request
		// could fall behind a log that forgets, when many purge at once.
		if err := c.since(ctx); err != nil && !errors.Is(err, cache.ErrClosed) {
			c.observe(OpSince, "", err)
		}
	}
	if c.opts.MaxStale > 0 && c.head == nil && c.view().position() < pos {
		within, cancel := context.WithTimeout(ctx, c.opts.Timeout)
		defer cancel()
		if err := c.answer(ctx, within, c.read(within)); err != nil && !errors.Is(err, cache.ErrClosed) && !errors.Is(err, ErrUnavailable) {
			c.observe(OpSince, "", err)
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

// Close stops what runs in the background and waits for reads of the log that
// are under way. Afterwards nothing is served from the cache or stored in it.
// The backend is not closed: it belongs to who made it. Close may be called
// again; it always returns nil.
func (c *Cache) Close() error {
	c.mu.Lock()
	c.closed.Store(true)
	c.mu.Unlock()
	c.stop()
	c.wg.Wait()
	return nil
}
