package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/admin"
	"github.com/uncache/uncache/keys"
)

// pageTTL is how long a page is kept if nothing changes it.
const pageTTL = 10 * time.Minute

// A node serves the site on a port of its own, with a cache of its own. It
// knows nothing of other nodes: what they share is the database, and Redis if
// the cache is there.
type node struct {
	name   string // "node 1"
	url    string
	site   *site
	pages  *pagecache.Cache
	inv    *invalidate.Invalidator
	report func(error)

	journal journal                            // what was purged, for people
	saved   atomic.Pointer[invalidate.Targets] // what the last save here purged, by which rule

	// handler is the cache in front of the blog, and around it what shows that there
	// is one.
	handler  http.Handler
	listener net.Listener
	server   *http.Server
	served   chan error
	closers  []func() error // what to close when nothing is served any more, last first
}

// newNode puts a cache in front of the site, in Redis or in memory.
func newNode(ctx context.Context, name string, s *site, cfg config, report func(error)) (_ *node, err error) {
	n := &node{name: name, site: s, report: report}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("%s: %w", name, err), n.closeAll())
		}
	}()
	backend, err := n.backend(cfg.redis, cfg.prefix)
	if err != nil {
		return nil, err
	}
	n.journal.log = backend
	// The default of 50 ms is for a busy site, which would rather render than
	// wait. This one would rather show a hit, on however slow a laptop.
	store, err := coherent.New(backend, &coherent.Options{Timeout: 2 * time.Second})
	if err != nil {
		return nil, err
	}
	n.closers = append(n.closers, store.Close)
	builder, err := keys.New("blog", &keys.Options{
		Hosts: []string{s.host},
		Query: []string{pageParam}, // ?utm_source= makes no page of its own
	})
	if err != nil {
		return nil, err
	}
	if n.pages, err = pagecache.New(store, &pagecache.Options{TTL: pageTTL, Keys: builder}); err != nil {
		return nil, err
	}
	opts := &invalidate.Options{Origin: name}
	var look admin.Options
	if cfg.outbox {
		if look.Outbox, err = n.outbox(ctx); err != nil {
			return nil, err
		}
		opts.Outbox = look.Outbox
	}
	n.inv = invalidate.New(n.purger(), opts)
	if cfg.rules == nil {
		cfg.rules = register
	}
	cfg.rules(n.inv)
	n.handler, err = n.admin(look, s.oneHost(n.strip(n.pages.Handler(n.mux()))))
	return n, err
}

func (n *node) backend(redisAddr, prefix string) (cache.Backend, error) {
	if redisAddr == "" {
		b := memory.New(nil)
		n.closers = append(n.closers, b.Close)
		return b, nil
	}
	opts := &redis.Options{Addr: redisAddr}
	if strings.Contains(redisAddr, "://") { // with a password, or TLS
		var err error
		if opts, err = redis.ParseURL(redisAddr); err != nil {
			return nil, err
		}
	}
	opts.ContextTimeoutEnabled = true // or a hung Redis would hold up every page
	rdb := redis.NewClient(opts)
	n.closers = append(n.closers, rdb.Close)
	b, err := rediscache.New(rdb, &rediscache.Options{Prefix: prefix})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// forget purges everything: the database is new on every start, and what an
// earlier run has left in Redis is of another.
func (n *node) forget(ctx context.Context) error {
	return n.pages.Purge(ctx, cache.Event{
		Dependencies: []cache.Dependency{cache.All},
		Reason:       "the blog was started with a new database",
		Origin:       n.name,
	})
}

// serve serves on l until close.
func (n *node) serve(l net.Listener) {
	n.listener, n.url, n.served = l, baseURL(l), make(chan error, 1)
	n.server = &http.Server{
		Handler:           n.handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
	}
	go func() { n.served <- n.server.Serve(l) }()
}

// close lets requests under way finish, until ctx is done, and closes all that
// the node has opened.
func (n *node) close(ctx context.Context) error {
	var errs []error
	if n.server != nil {
		errs = append(errs, n.server.Shutdown(ctx))
		if err := <-n.served; !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, n.closeAll())...)
}

func (n *node) closeAll() error {
	var errs []error
	for i := len(n.closers) - 1; i >= 0; i-- {
		errs = append(errs, n.closers[i]())
	}
	n.closers = nil
	return errors.Join(errs...)
}
