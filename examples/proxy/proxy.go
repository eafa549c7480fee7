package main

import (
	"errors"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

// A proxy is the three handlers that a request goes through, outermost first:
// edge, which makes the request what the origin will see; the page cache; and
// forward, which asks the origin.
type proxy struct {
	handler http.Handler
	log     *log.Logger
	closers []func() error // last first
}

// redisTimeout is how much slower the first request is when Redis hangs; after that
// nobody waits. It is ten times the default of coherent: to ask an origin at the other
// end of a network costs more than a page does that is rendered here, so that a Redis
// which is only slow is worth waiting for. -h says so.
const redisTimeout = 500 * time.Millisecond

// newProxy makes the proxy that cfg describes. What goes wrong later is written
// to stderr.
func newProxy(cfg config, stderr io.Writer) (_ *proxy, err error) {
	p := &proxy{log: log.New(stderr, "proxy: ", log.LstdFlags|log.Lmsgprefix)}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	backend, err := p.backend(cfg)
	if err != nil {
		return nil, err
	}
	store, err := coherent.New(backend, &coherent.Options{
		Timeout: redisTimeout,
		Observe: func(o coherent.Observation) {
			said := "cache: " + string(o.Op)
			if o.Key != "" {
				said += " " + o.Key
			}
			if o.Err != nil {
				said += ": " + o.Err.Error()
			}
			p.log.Print(said)
		},
	})
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, store.Close)
	builder, err := keys.New("proxy", &keys.Options{Hosts: cfg.hosts, Exact: true})
	if err != nil {
		return nil, err
	}
	pages, err := pagecache.New(store, &pagecache.Options{
		Keys:                 builder,
		TTL:                  cfg.ttl,
		StaleWhileRevalidate: cfg.staleWhileRevalidate,
		StaleIfError:         cfg.staleIfError,
		Targeted:             cfg.targeted,
		MaxBody:              int(cfg.maxBody),
		Proxy: &pagecache.Proxy{
			Transparent:      true,
			ClientDirectives: cfg.clientDirectives,
			AllETags:         cfg.allETags,
			Refresh:          true,
			Heuristic:        true,
			StoreSetCookie:   cfg.storeSetCookie,
		},
	})
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, pages.Close)
	transport := newTransport()
	p.closers = append(p.closers, func() error { transport.CloseIdleConnections(); return nil })
	p.handler = edge(pages.Handler(forward(cfg.origin, transport, p.log)), cfg.underscores)
	return p, nil
}

// backend returns where responses are stored: in Redis or in memory.
func (p *proxy) backend(cfg config) (cache.Backend, error) {
	if cfg.redis == "" {
		b := memory.New(&memory.Options{MaxBytes: int64(cfg.memory)})
		p.closers = append(p.closers, b.Close)
		return b, nil
	}
	opts := &redis.Options{Addr: cfg.redis}
	if strings.Contains(cfg.redis, "://") { // with a password, or TLS
		var err error
		if opts, err = redis.ParseURL(cfg.redis); err != nil {
			return nil, err
		}
	}
	opts.ContextTimeoutEnabled = true // or Timeout would not end a command
	rdb := redis.NewClient(opts)
	p.closers = append(p.closers, rdb.Close)
	b, err := rediscache.New(rdb, &rediscache.Options{Prefix: "uncache-proxy:"})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// close waits for what is done in the background, and closes what newProxy has
// opened.
func (p *proxy) close() error {
	var errs []error
	for i := len(p.closers) - 1; i >= 0; i-- {
		errs = append(errs, p.closers[i]())
	}
	return errors.Join(errs...)
}
