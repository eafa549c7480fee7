package main

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	rediscachev9 "github.com/go-redis/cache/v9"
	"github.com/gofiber/fiber/v2"
	"github.com/maypok86/otter/v2"
	"github.com/valyala/fasthttp"
	"github.com/viccon/sturdyc"

	"github.com/uncache/uncache/cache/coherent"
)

// A crowd asks for one page that nobody has, all at once.
const crowd = 200

// rendering is how long the page takes to render.
const rendering = 20 * time.Millisecond

// benchStampede counts the handler's calls.
func benchStampede(b *bench) {
	b.printf(`%d requests at once for a page that is not stored and takes %v to render: how
often is it rendered? Fewest and most of several tries.`, crowd, rendering)
	var calls atomic.Int64
	render := func() {
		calls.Add(1)
		time.Sleep(rendering)
	}
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { render(); bare(w, r) })
	var rows [][]string
	// add lets the crowd ask for what open makes anew for each try.
	add := func(name string, open func() (ask func())) {
		fewest, most := int64(crowd+1), int64(0)
		for range max(b.rounds/5, 1) {
			calls.Store(0)
			ask := open()
			var start, end sync.WaitGroup
			start.Add(1)
			for range crowd {
				end.Go(func() { start.Wait(); ask() })
			}
			start.Done()
			end.Wait()
			fewest, most = min(fewest, calls.Load()), max(most, calls.Load())
		}
		rows = append(rows, []string{name, number(float64(fewest)), number(float64(most))})
	}
	visitor := func(h http.Handler) func() { return func() { newSink().get(h, newRequest(pageURL)) } }

	add("uncache, memory", func() func() {
		return visitor(b.pages(b.memory(), coherent.Options{}).Handler(page))
	})
	prefix := "stampede:"
	add("uncache, Redis", func() func() {
		prefix += "x:"
		return visitor(b.pages(b.rediscache(b.client(), prefix), coherent.Options{}).Handler(page))
	})
	add("gin-cache", func() func() {
		return visitor(ginHandler(func(c *gin.Context) { render(); ginBare(c) }, ginCache()))
	})
	add("fiber's cache", func() func() {
		h := fiberHandler(func(c *fiber.Ctx) error { render(); return fiberBare(c) }, fiberCache())
		return func() {
			var c fasthttp.RequestCtx
			var r fasthttp.Request
			r.SetRequestURI(pageURL)
			c.Init(&r, nil, nil)
			h(&c)
		}
	})
	key := handKey(newRequest(pageURL))
	add("otter v2, Get with a loader", func() func() {
		o, err := otter.New(&otter.Options[string, *prepared]{MaximumSize: 10_000})
		b.must(err)
		load := otter.LoaderFunc[string, *prepared](func(context.Context, string) (*prepared, error) {
			render()
			return newPrepared(), nil
		})
		return func() { _, err := o.Get(b.ctx, key, load); b.must(err) }
	})
	add("sturdyc, GetOrFetch", func() func() {
		s := sturdyc.New[*prepared](10_000, 10, time.Hour, 10)
		return func() {
			_, err := s.GetOrFetch(b.ctx, key, func(context.Context) (*prepared, error) { render(); return newPrepared(), nil })
			b.must(err)
		}
	})
	add("go-redis/cache, Once", func() func() {
		c := rediscachev9.New(&rediscachev9.Options{LocalCache: rediscachev9.NewTinyLFU(10_000, time.Hour)})
		return func() {
			var body []byte
			b.must(c.Once(&rediscachev9.Item{Ctx: b.ctx, Key: key, Value: &body, TTL: time.Hour,
				Do: func(*rediscachev9.Item) (any, error) { render(); return html4K, nil }}))
		}
	})
	b.table([]string{"", "fewest renderings", "most"}, rows)
	b.printf("ristretto and rueidis leave it to their callers.")
}
