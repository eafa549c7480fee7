package pagecache

import (
	"fmt"
	"sync"
	"weak"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/background"
	"github.com/uncache/uncache/cache/pagecache/internal/find"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/internal/isnil"
	"github.com/uncache/uncache/internal/option"
)

// Open returns a Cache over a backend, for a site that stores nothing but pages in it. A
// nil opts means the defaults.
//
// Open makes a coherent.Cache with the defaults of package coherent: every request
// confirms the head of the log, and no page is older than a returned purge. To give that
// cache options (MaxStale, Lease), to hear in coherent.Options.Observe why a backend over a
// network does not answer, or to store values beside the pages, make it with coherent.New,
// and call [New].
//
// Close closes what Open has made. The backend is the caller's to close.
func Open(backend cache.Backend, opts *Options) (*Cache, error) {
	if isnil.Value(backend) {
		return nil, option.Errorf(ErrOptions, "pagecache: Open: the backend is nil; look at the error that came with it")
	}
	store, err := coherent.New(backend, nil)
	if err != nil {
		return nil, fmt.Errorf("pagecache: Open: %w", err)
	}
	c, err := New(store, opts)
	if err != nil {
		_ = store.Close() // it always returns nil
		return nil, err
	}
	c.opened = true
	return c, nil
}

// New returns a Cache that stores through c. A nil opts means the defaults.
//
// Close ends what the Cache does in the background, which is nothing unless responses
// may be served stale, refreshed early or warmed. c is not closed by it.
func New(c *coherent.Cache, opts *Options) (*Cache, error) {
	if c == nil {
		return nil, option.Errorf(ErrOptions, "pagecache: New: the coherent cache is nil; look at the error that came with it")
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	if err := o.complete(); err != nil {
		return nil, err
	}
	counting, uncut, err := o.keys()
	if err != nil {
		return nil, fmt.Errorf("pagecache: %w", err)
	}
	form := stored.NewCodec(o.EarlyRefresh)
	hitStatus := o.Name + "; hit; ttl="
	pages := &Cache{
		background: background.NewGroup(),
		opts:       o,
		proxy:      o.proxy(),
		rules:      o.rules(),
		name:       o.Name,
		keys:       counting,
		uncut:      uncut,
		store:      c,
		engine:     c.Engine(),
		values:     engine.NewValues(c.Engine(), form),
		codec:      form,
		memo:       find.NewMemo(),
		clock:      newClock(),
		ages:       stored.NewPhrases("", ""),
		statuses:   stored.NewPhrases(hitStatus, ""),
		softened:   stored.NewPhrases(hitStatus, softStatus),
		scratch:    sync.Pool{New: func() any { return new(scratch) }},
		count:      newCounts(),
		refreshing: make(chan struct{}, maxRefreshes),
	}
	pages.index = find.NewIndex(pages.engine, pages.values, pages.memo, form, o.MaxVariants, pages.keepFor)
	pages.shared = newGatherer(o.PurgeTimeout, pages.purgeCanonical)
	pages.warm = pages.newWarmer(pages.Handler)
	if pages.values.Near() {
		pages.short = find.NewShortcuts(pages.values, pages.memo, counting)
	}
	notClosed.add(pages)
	return pages, nil
}

// Close ends the contexts of the renderings in the background, waits for them, and
// begins no more. Requests are answered as before; but if [Open] made the Cache, they
// are answered by their handlers from then on, and nothing is stored. Close may be
// called again. It returns nil.
func (c *Cache) Close() error {
	notClosed.remove(weak.Make(c))
	c.clock.closed.Store(true)
	c.background.Close()
	if c.opened {
		return c.store.Close()
	}
	return nil
}
