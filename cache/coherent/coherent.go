package coherent

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/instance"
	"github.com/uncache/uncache/internal/isnil"
)

// Options configures a [Cache]. The zero value is the default.
type Options struct {
	// MaxStale is how old this process's view of the log may be when it
	// serves. With 0, the default, every request confirms the head of the log,
	// and nothing older than a returned purge is ever served. With a positive
	// MaxStale a background reader keeps the view that fresh, hits in a near
	// tier cost no round trip, and a request may be answered with what a purge
	// made stale at most MaxStale ago. It has no effect where the log is in
	// this process's memory. At least 1 ms.
	MaxStale time.Duration

	// MaxDependencies bounds the memory of the view: how many purged names it
	// keeps, 17 bytes each when it is full and at most 64 while it grows; a name
	// purged both hard and softly counts twice. Names share buckets of 16. A full
	// bucket forgets its oldest name: pages that are older than this purge and
	// depend on another name of the bucket are made anew. Default 1<<21, 34 MiB;
	// at most 1<<28.
	MaxDependencies int

	// Timeout is how long one lookup waits for the backend, for all it asks of
	// it before it gives up; the same again for storing a value. A backend that
	// takes nearly as long for every answer is used all the same. Default 50 ms,
	// at least 1 ms.
	Timeout time.Duration

	// NoBreaker makes every request ask the backend, however long that has not
	// answered, and wait for it up to Timeout.
	//
	// By default the first lookup that fails, while none that began after it is
	// answered, is the last to wait: requests then do without the cache at once,
	// with [ErrUnavailable], and nothing is stored, until the backend has
	// answered and its log was read. It is asked in the background, at once and
	// then at intervals that grow to a second. Purges are always tried, and one
	// that succeeds has it asked at once. Where a MaxStale allows it, hits in a
	// near tier go on. It makes no difference where everything is in this
	// process's memory.
	NoBreaker bool

	// Lease, if not 0, lets one process at a time make a value, where a store
	// that processes share is a [cache.Leaser]: N processes then render an
	// expensive page once. It is for how long the others wait at most, and
	// should be longer than a fill usually takes. Then, and as soon as the lease
	// ends without a value that can be used, because the holder failed or died,
	// or its value was purged or must not be stored, they make their own.
	//
	// A hit pays nothing. A fill pays for a round trip that asks for the lease,
	// and one that looks once more whether another process has just stored the
	// value; the lease is given back in the background. Nothing that is promised
	// rests on it. Default 0: every process makes its own. At least 1 ms.
	Lease time.Duration

	// CollapseTimeout is how long a call of [Fetch] waits for the loads of others,
	// for a lease too, before it loads by itself. Default 10 s, or twice Lease if
	// that is longer. At least 1 ms.
	CollapseTimeout time.Duration

	// Origin is who purges, for the people who read the log, where an event does
	// not say: those of unsafe requests, for example. Default "HOST:PID", which
	// tells the processes of one host apart.
	Origin string

	// Observe, if not nil, is told what no caller can be told. It is called
	// from many goroutines at once and should return quickly.
	Observe func(Observation)
}

const (
	defaultMaxDependencies = 1 << 21
	mostDependencies       = 1 << 28
	defaultTimeout         = 50 * time.Millisecond
	minMaxStale            = time.Millisecond
	minTimeout             = time.Millisecond
	minLease               = time.Millisecond

	defaultCollapseTimeout = 10 * time.Second
	minCollapseTimeout     = time.Millisecond
)

// ErrOptions is what [New] returns, wrapped, when options make no sense.
var ErrOptions = errors.New("invalid options")

// A Cache serves what is stored in a backend as long as the backend's log does
// not speak against it. It is safe for concurrent use; so is every method of
// the types of this package unless it says otherwise.
type Cache struct {
	opts  Options
	log   cache.Log
	head  cache.LocalLog // nil unless the log is in this process's memory
	tiers []tier
	known atomic.Pointer[view] // see view and drop
	fetch *Values[[]byte]
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
		return nil, fmt.Errorf("coherent: %w: the backend is nil: look at the error that came with it", ErrOptions)
	}
	c := &Cache{log: b, start: time.Now()}
	if opts != nil {
		c.opts = *opts
	}
	switch o := &c.opts; {
	case o.MaxStale < 0 || o.MaxStale > 0 && o.MaxStale < minMaxStale:
		return nil, fmt.Errorf("coherent: %w: MaxStale is %v: it must be 0, or at least %v", ErrOptions, o.MaxStale, minMaxStale)
	case o.MaxDependencies < 0 || o.MaxDependencies > mostDependencies:
		return nil, fmt.Errorf("coherent: %w: MaxDependencies is %d: it must be 0 for the default, or from 1 to %d", ErrOptions, o.MaxDependencies, mostDependencies)
	case o.Lease < 0 || o.Lease > 0 && o.Lease < minLease:
		return nil, fmt.Errorf("coherent: %w: Lease is %v: it must be 0, or at least %v", ErrOptions, o.Lease, minLease)
	case o.Timeout < 0 || o.Timeout > 0 && o.Timeout < minTimeout:
		return nil, fmt.Errorf("coherent: %w: Timeout is %v: it must be 0 for the default, or at least %v", ErrOptions, o.Timeout, minTimeout)
	case o.CollapseTimeout < 0 || o.CollapseTimeout > 0 && o.CollapseTimeout < minCollapseTimeout:
		return nil, fmt.Errorf("coherent: %w: CollapseTimeout is %v: it must be 0 for the default, or at least %v", ErrOptions, o.CollapseTimeout, minCollapseTimeout)
	}
	if c.opts.CollapseTimeout == 0 {
		c.opts.CollapseTimeout = max(defaultCollapseTimeout, 2*min(c.opts.Lease, math.MaxInt64/2))
	}
	if c.opts.MaxDependencies == 0 {
		c.opts.MaxDependencies = defaultMaxDependencies
	}
	if c.opts.Origin == "" {
		c.opts.Origin = instance.Name()
	}
	if c.opts.Timeout == 0 {
		c.opts.Timeout = defaultTimeout
	}
	c.known.Store(newView(c.opts.MaxDependencies))
	c.head, _ = b.(cache.LocalLog)
	c.tiers = tiersOf(b)
	c.near = nearOf(c.tiers[0])
	c.fetch = NewValues(c, rawCodec{})
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
