package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	gincache "github.com/chenyahui/gin-cache"
	"github.com/chenyahui/gin-cache/persist"
	"github.com/dgraph-io/ristretto/v2"
	"github.com/gin-gonic/gin"
	rediscachev9 "github.com/go-redis/cache/v9"
	"github.com/gofiber/fiber/v2"
	fibercache "github.com/gofiber/fiber/v2/middleware/cache"
	"github.com/maypok86/otter/v2"
	"github.com/valyala/fasthttp"
	"github.com/viccon/sturdyc"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/keys"
)

// A record is saved while its page is being rendered. saveRace is one such save.
type saveRace struct {
	version atomic.Int64  // of the record
	held    atomic.Bool   // the first rendering is the one that is held up
	began   chan struct{} // it has read the record
	release chan struct{} // it may end
}

func newSaveRace() *saveRace {
	return &saveRace{began: make(chan struct{}), release: make(chan struct{})}
}

// render reads the record and makes its page. The first call is held up between
// the two.
func (s *saveRace) render() []byte {
	page := []byte(fmt.Sprintf("version %d", s.version.Load()))
	if s.held.CompareAndSwap(false, true) {
		close(s.began)
		<-s.release
	}
	return page
}

// run returns what two visitors see who ask after the save and its purge: one
// before the old rendering ends, one after it.
func (s *saveRace) run(ask func() []byte, purge func()) (during, after []byte) {
	var visitors sync.WaitGroup
	visitors.Go(func() { ask() })
	<-s.began
	s.version.Store(1)
	purge()
	answered := make(chan struct{})
	visitors.Go(func() { during = ask(); close(answered) })
	select { // a visitor who waits for the old rendering is not answered yet
	case <-answered:
	case <-time.After(rendering):
	}
	close(s.release)
	visitors.Wait()
	return during, ask()
}

// benchSave counts the visitors who are shown the page as it was before the save.
func benchSave(b *bench) {
	tries := max(b.rounds, 1)
	b.printf(`A page is being rendered from the old record while the record is saved and its page
purged. Two visitors ask after the purge has returned: one before the old rendering
ends, one after it has ended. How many of %d see the old page? Peers delete the key of the
page. "By hand" looks a page up, and renders and stores it if there is none.`, tries)
	var rows [][]string
	add := func(name string, open func(s *saveRace) (ask func() []byte, purge func())) {
		during, after := 0, 0
		for range tries {
			s := newSaveRace()
			first, second := s.run(open(s))
			b.expect(len(first) > 0 && len(second) > 0, "%s: the answers are %q and %q", name, first, second)
			during += bytes.Count(first, []byte("version 0"))
			after += bytes.Count(second, []byte("version 0"))
		}
		rows = append(rows, []string{name, number(float64(during)), number(float64(after))})
	}

	prefix := "save:"
	add("uncache, memory", func(s *saveRace) (func() []byte, func()) { return uncacheSave(b, s, b.memory()) })
	add("uncache, Redis", func(s *saveRace) (func() []byte, func()) {
		prefix += "x:"
		return uncacheSave(b, s, b.rediscache(b.client(), prefix))
	})
	add("invalidate.Keys, by hand", func(s *saveRace) (func() []byte, func()) { return keysSave(b, s) })
	add("gin-cache", func(s *saveRace) (func() []byte, func()) { return ginSave(b, s) })
	add("fiber's cache", func(s *saveRace) (func() []byte, func()) { return fiberSave(b, s) })
	add("otter v2, Get with a loader", func(s *saveRace) (func() []byte, func()) { return otterSave(b, s) })
	add("sturdyc, GetOrFetch", func(s *saveRace) (func() []byte, func()) {
		c := sturdyc.New[[]byte](10_000, 10, time.Hour, 10)
		return func() []byte {
			page, err := c.GetOrFetch(b.ctx, pageURL, func(context.Context) ([]byte, error) { return s.render(), nil })
			b.must(err)
			return page
		}, func() { c.Delete(pageURL) }
	})
	add("go-redis/cache, Once", func(s *saveRace) (func() []byte, func()) {
		c := rediscachev9.New(&rediscachev9.Options{Redis: b.client()})
		prefix += "x:"
		key := prefix
		return func() (page []byte) {
			b.must(c.Once(&rediscachev9.Item{Ctx: b.ctx, Key: key, Value: &page, TTL: time.Hour,
				Do: func(*rediscachev9.Item) (any, error) { return s.render(), nil }}))
			return page
		}, func() { b.must(c.Delete(b.ctx, key)) }
	})
	add("ristretto v2, by hand", func(s *saveRace) (func() []byte, func()) {
		c, err := ristretto.NewCache(&ristretto.Config[string, []byte]{NumCounters: 100_000, MaxCost: 10_000, BufferItems: 64})
		b.must(err)
		b.cleanup(c.Close)
		return func() []byte {
			if page, ok := c.Get(pageURL); ok {
				return page
			}
			page := s.render()
			c.Set(pageURL, page, 1)
			c.Wait()
			return page
		}, func() { c.Del(pageURL); c.Wait() }
	})
	b.table([]string{"", "asked before it ended", "asked after"}, rows)
}

// uncacheSave is the page cache over a backend, told of the path.
func uncacheSave(b *bench, s *saveRace, store cache.Backend) (func() []byte, func()) {
	pages := b.pages(store, coherent.Options{})
	h := pages.Handler(s.handler())
	purge := cache.Event{Dependencies: []cache.Dependency{cache.Path("/blog/hello/")}}
	return asker(h), func() { b.must(pages.Purge(b.ctx, purge)) }
}

func (s *saveRace) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := s.render()
		_, _ = w.Write(page)
	})
}

// asker asks a handler for the page.
func asker(h http.Handler) func() []byte {
	return func() []byte {
		w := &bodySink{header: http.Header{}}
		h.ServeHTTP(w, newRequest(pageURL))
		return w.body.Bytes()
	}
}

// A bodySink is a ResponseWriter that keeps the body.
type bodySink struct {
	header http.Header
	body   bytes.Buffer
}

func (w *bodySink) Header() http.Header         { return w.header }
func (w *bodySink) WriteHeader(int)             {}
func (w *bodySink) Write(p []byte) (int, error) { return w.body.Write(p) }

// keysSave is a store without a log, whose keys a Purger deletes: the blogger's
// snippet.
func keysSave(b *bench, s *saveRace) (func() []byte, func()) {
	store := b.memory()
	builder, err := keys.New("page", nil)
	b.must(err)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := builder.Request(r).String()
		page, ok, err := store.Get(b.ctx, key)
		b.must(err)
		if !ok {
			page = s.render()
			b.must(store.Set(b.ctx, key, page, time.Hour))
		}
		_, _ = w.Write(page)
	})
	purger := invalidate.Keys(store, builder)
	purge := cache.Event{Dependencies: []cache.Dependency{cache.URI(pageURL)}}
	return asker(h), func() { b.must(purger.Purge(b.ctx, purge)) }
}

func ginSave(b *bench, s *saveRace) (func() []byte, func()) {
	store := persist.NewMemoryStore(time.Hour)
	mid := gincache.Cache(store, time.Hour, gincache.WithCacheStrategyByRequest(func(c *gin.Context) (bool, gincache.Strategy) {
		return true, gincache.Strategy{CacheKey: pageURL}
	}))
	h := ginHandler(func(c *gin.Context) { c.Data(http.StatusOK, "text/plain", s.render()) }, mid)
	return asker(h), func() { _ = store.Delete(pageURL) } // an error: it is not stored yet
}

func fiberSave(b *bench, s *saveRace) (func() []byte, func()) {
	store := fiberStore{b.memory()}
	mid := fibercache.New(fibercache.Config{
		Expiration:   time.Hour,
		Storage:      store,
		KeyGenerator: func(*fiber.Ctx) string { return pageURL },
	})
	h := fiberHandler(func(c *fiber.Ctx) error { return c.Send(s.render()) }, mid)
	return func() []byte {
			var c fasthttp.RequestCtx
			var r fasthttp.Request
			r.SetRequestURI(pageURL)
			c.Init(&r, nil, nil)
			h(&c)
			return bytes.Clone(c.Response.Body())
		}, func() {
			b.must(store.Delete(pageURL + "_GET"))
			b.must(store.Delete(pageURL + "_GET_body"))
		}
}

// A fiberStore is a Storage of Fiber's.
type fiberStore struct{ cache.Cache }

func (f fiberStore) Get(key string) ([]byte, error) {
	value, _, err := f.Cache.Get(context.Background(), key)
	return value, err
}

func (f fiberStore) Set(key string, value []byte, ttl time.Duration) error {
	return f.Cache.Set(context.Background(), key, value, ttl)
}

func (f fiberStore) Delete(key string) error { return f.Cache.Delete(context.Background(), key) }
func (f fiberStore) Reset() error            { return nil }
func (f fiberStore) Close() error            { return nil }

func otterSave(b *bench, s *saveRace) (func() []byte, func()) {
	c, err := otter.New(&otter.Options[string, []byte]{MaximumSize: 10_000})
	b.must(err)
	load := otter.LoaderFunc[string, []byte](func(context.Context, string) ([]byte, error) { return s.render(), nil })
	return func() []byte {
		page, err := c.Get(b.ctx, pageURL, load)
		b.must(err)
		return page
	}, func() { c.Invalidate(pageURL) }
}
