package pagecache

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/keys"
)

// An Observation says how a request was answered.
type Observation struct {
	// Hit: from the store.
	Hit bool
	// Collapsed: by a fill that another request had begun.
	Collapsed bool
	// Forward is why the handler was asked: the fwd parameter of RFC 9211.
	// Empty for a hit. Advice about a handler has "bypass", and comes in addition
	// to the Observation of the request.
	Forward string
	// Detail says more, for people, as in Cache-Status. Advice is a sentence.
	Detail string
	// Err is what went wrong: the purge after an unsafe request, a page that was
	// rendered in the background, or Observe itself. It is [cache.ErrPanic] if
	// that panicked. With [ErrNotStored], which is told after the Observation of
	// the request, a response was not stored although its Cache-Status says so.
	// With [ErrContext] no request is behind it.
	Err error
}

// A Cache is a shared HTTP cache (RFC 9111) in front of handlers. It is safe for
// concurrent use.
type Cache struct {
	opts    Options
	name    string
	keys    *keys.Builder // for which session cookies count
	uncut   *keys.Builder // for which all cookies count
	store   *engine.Cache
	values  *engine.Values[*response]
	memo    *memo
	warm    *warmer // nil unless pages are warmed
	shapes  *shapes
	clock   *clock
	shared  *gatherer  // of the purges after unsafe requests
	short   *shortcuts // nil where no hit is found at once
	scratch sync.Pool

	dates          dates
	ages, statuses *phrases
	softened       *phrases // statuses of hits on what was purged softly

	mu         sync.Mutex
	closed     atomic.Bool // set under mu, so that no refresh begins behind Close's back
	wg         sync.WaitGroup
	background context.Context // of the responses that are made in the background
	stop       context.CancelFunc
	refreshing chan struct{}
	notes      noteRounds
	told       told
}

// New returns a Cache that stores through c. A nil opts means the defaults.
// Close ends what it does in the background, which is nothing unless responses
// may be served stale, refreshed early or warmed; c is not closed by it.
func New(c *coherent.Cache, opts *Options) (*Cache, error) {
	if c == nil {
		return nil, fmt.Errorf("pagecache: %w: the coherent cache is nil", ErrOptions)
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("pagecache: %w", err)
	}
	counting, uncut, err := o.keys()
	if err != nil {
		return nil, fmt.Errorf("pagecache: %w", err)
	}
	background, stop := context.WithCancel(context.Background())
	shared := newShapes()
	hitStatus := o.Name + "; hit; ttl="
	pages := &Cache{
		background: background,
		stop:       stop,
		opts:       o,
		name:       o.Name,
		keys:       counting,
		uncut:      uncut,
		store:      c.Engine(),
		values:     engine.NewValues(c.Engine(), codec{o.EarlyRefresh, shared}),
		shapes:     shared,
		memo:       newMemo(),
		clock:      newClock(),
		ages:       new(phrases),
		statuses:   &phrases{before: hitStatus},
		softened:   &phrases{before: hitStatus, after: softStatus},
		scratch:    sync.Pool{New: func() any { return new(scratch) }},
		refreshing: make(chan struct{}, maxRefreshes),
	}
	pages.shared = newGatherer(o.PurgeTimeout, pages.record)
	pages.warm = newWarmer(pages)
	if pages.values.Near() {
		pages.short = &shortcuts{memo: pages.memo, keys: counting, always: counting.Headers(), cookies: counting.Cookies()}
	}
	open.add(pages)
	return pages, nil
}
