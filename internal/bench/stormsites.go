package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	gincache "github.com/chenyahui/gin-cache"
	"github.com/chenyahui/gin-cache/persist"
	"github.com/dgraph-io/ristretto/v2"
	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v2"
	fibercache "github.com/gofiber/fiber/v2/middleware/cache"
	"github.com/maypok86/otter/v2"
	"github.com/redis/rueidis"
	"github.com/valyala/fasthttp"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// stormSites returns what makes each site anew.
func (b *bench) stormSites() []func(s *storm) stormSite {
	prefix := "storm:"
	return []func(s *storm) stormSite{
		func(s *storm) stormSite { return b.uncacheStorm("uncache, memory", s, b.memory(), false) },
		func(s *storm) stormSite { return b.uncacheStorm("uncache, memory, soft purges", s, b.memory(), true) },
		func(s *storm) stormSite {
			prefix += "x"
			return b.uncacheStorm("uncache, Redis", s, b.rediscache(b.client(), prefix+":"), false)
		},
		func(s *storm) stormSite {
			o, err := otter.New(&otter.Options[int, []byte]{MaximumSize: 10_000})
			b.must(err)
			b.cleanup(func() { o.StopAllGoroutines() })
			load := otter.LoaderFunc[int, []byte](func(_ context.Context, page int) ([]byte, error) { return s.render(page), nil })
			return stormSite{"otter v2, Get with a loader", func() func(int) []byte {
				return func(page int) []byte {
					body, err := o.Get(b.ctx, page, load)
					b.must(err)
					return body
				}
			}, func(page int) { o.Invalidate(page) }}
		},
		b.ristrettoStorm,
		b.ginStorm,
		b.fiberStorm,
		b.rueidisStorm,
	}
}

func stormPath(page int) string { return fmt.Sprintf("/blog/%d/", page) }

func stormPage(path string) (page int) {
	_, _ = fmt.Sscanf(path, "/blog/%d/", &page) // all paths are stormPath's
	return page
}

// stormVisitor makes visitors of a handler.
func stormVisitor(h http.Handler) func() func(int) []byte {
	return func() func(int) []byte {
		var requests [stormPages]*http.Request
		for page := range requests {
			requests[page] = newRequest("http://example.com" + stormPath(page))
		}
		w := &bodySink{header: http.Header{}}
		return func(page int) []byte {
			clear(w.header)
			w.body.Reset()
			requests[page].Pattern = ""
			h.ServeHTTP(w, requests[page])
			return w.body.Bytes()
		}
	}
}

func (b *bench) uncacheStorm(name string, s *storm, store cache.Backend, soft bool) stormSite {
	c := b.coherent(store, coherent.Options{})
	opts := &pagecache.Options{TTL: time.Hour}
	if soft {
		opts.StaleWhileRevalidate = time.Minute
	}
	pages, err := pagecache.New(c, opts)
	b.must(err)
	h := pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(s.render(stormPage(r.URL.Path)))
	}))
	return stormSite{name, stormVisitor(h), func(page int) {
		b.must(pages.Purge(b.ctx, cache.Event{Dependencies: []cache.Dependency{cache.Path(stormPath(page))}, Soft: soft}))
	}}
}

func (b *bench) ristrettoStorm(s *storm) stormSite {
	c, err := ristretto.NewCache(&ristretto.Config[int, []byte]{NumCounters: 100_000, MaxCost: 10_000, BufferItems: 64, IgnoreInternalCost: true})
	b.must(err)
	b.cleanup(c.Close)
	return stormSite{"ristretto v2, by hand", func() func(int) []byte {
		return func(page int) []byte {
			if body, ok := c.Get(page); ok {
				return body
			}
			body := s.render(page)
			c.Set(page, body, 1)
			return body
		}
	}, func(page int) { c.Del(page) }}
}

func (b *bench) ginStorm(s *storm) stormSite {
	store := persist.NewMemoryStore(time.Hour)
	mid := gincache.Cache(store, time.Hour, gincache.WithCacheStrategyByRequest(func(c *gin.Context) (bool, gincache.Strategy) {
		return true, gincache.Strategy{CacheKey: c.Request.URL.Path}
	}))
	h := ginHandler(func(c *gin.Context) { c.Data(http.StatusOK, "text/html", s.render(stormPage(c.Request.URL.Path))) }, mid)
	return stormSite{"gin-cache", stormVisitor(h), func(page int) { _ = store.Delete(stormPath(page)) }} // an error: it is not stored
}

func (b *bench) fiberStorm(s *storm) stormSite {
	store := fiberStore{b.memory()}
	h := fiberHandler(func(c *fiber.Ctx) error { return c.Send(s.render(stormPage(c.Path()))) },
		fibercache.New(fibercache.Config{Expiration: time.Hour, Storage: store,
			KeyGenerator: func(c *fiber.Ctx) string { return c.Path() }}))
	return stormSite{"fiber's cache", func() func(int) []byte {
		var c fasthttp.RequestCtx
		var r fasthttp.Request
		r.SetRequestURI(pageURL)
		c.Init(&r, nil, nil)
		return func(page int) []byte {
			c.Request.SetRequestURI(stormPath(page))
			c.Response.Reset()
			h(&c)
			return bytes.Clone(c.Response.Body())
		}
	}, func(page int) {
		b.must(store.Delete(stormPath(page) + "_GET"))
		b.must(store.Delete(stormPath(page) + "_GET_body"))
	}}
}

// rueidisStorm looks a page up on the client's side and renders what is not there.
func (b *bench) rueidisStorm(s *storm) stormSite {
	c := b.rueidis()
	key := func(page int) string { return "aside:" + stormPath(page) }
	return stormSite{"rueidis client-side, by hand", func() func(int) []byte {
		return func(page int) []byte {
			body, err := c.DoCache(b.ctx, c.B().Get().Key(key(page)).Cache(), time.Hour).AsBytes()
			if rueidis.IsRedisNil(err) {
				body = s.render(page)
				err = c.Do(b.ctx, c.B().Set().Key(key(page)).Value(rueidis.BinaryString(body)).Build()).Error()
			}
			b.must(err)
			return body
		}
	}, func(page int) { b.must(c.Do(b.ctx, c.B().Del().Key(key(page)).Build()).Error()) }}
}
