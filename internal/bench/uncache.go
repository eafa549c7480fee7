package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/uncache/uncache/backend/bounded"
	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/backend/tiered"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// patience is ample: a benchmark must not measure what happens when a loaded
// machine takes longer than a request would wait.
const patience = 5 * time.Second

// pages puts a page cache over a backend.
func (b *bench) pages(store cache.Backend, opts coherent.Options) *pagecache.Cache {
	c := b.coherent(store, opts)
	p, err := pagecache.New(c, &pagecache.Options{TTL: time.Hour})
	b.must(err)
	return p
}

func (b *bench) coherent(store cache.Backend, opts coherent.Options) *coherent.Cache {
	opts.Timeout = patience
	c, err := coherent.New(store, &opts)
	b.must(err)
	b.cleanup(func() { _ = c.Close() })
	return c
}

// handler is the bare handler behind a page cache.
func (b *bench) handler(store cache.Backend, opts coherent.Options) http.Handler {
	h := b.pages(store, opts).Handler(http.HandlerFunc(bare))
	w := newSink()
	w.get(h, newRequest(pageURL))
	w.get(h, newRequest(pageURL))
	b.expect(strings.Contains(w.header.Get("Cache-Status"), "hit"), "Cache-Status is %q: want a hit", w.header.Get("Cache-Status"))
	return h
}

// A roomy backend never evicts.
const roomy = 1 << 40

func (b *bench) memory() *memory.Backend {
	m := memory.New(&memory.Options{MaxEntries: 1 << 24, MaxBytes: roomy})
	b.cleanup(func() { _ = m.Close() })
	return m
}

func (b *bench) bounded() *bounded.Backend {
	m, err := bounded.New(&bounded.Options{MaxBytes: roomy})
	b.must(err)
	b.cleanup(func() { _ = m.Close() })
	return m
}

func (b *bench) rediscache(rdb *redis.Client, prefix string) *rediscache.Backend {
	r, err := rediscache.New(rdb, &rediscache.Options{Prefix: prefix})
	b.must(err)
	return r
}

// near is a memory over Redis.
func (b *bench) near(rdb *redis.Client, prefix string) *tiered.Backend {
	t, err := tiered.New(b.memory(), b.rediscache(rdb, prefix))
	b.must(err)
	return t
}
