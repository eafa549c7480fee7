package main

import (
	"io"
	"net/http"
	"time"

	gincache "github.com/chenyahui/gin-cache"
	"github.com/chenyahui/gin-cache/persist"
	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v2"
	fibercache "github.com/gofiber/fiber/v2/middleware/cache"
	"github.com/valyala/fasthttp"
)

// frameworks are the cache middlewares of Fiber and gin.
func (b *bench) frameworks() []contestant {
	return []contestant{
		{name: "gin, its floor", worker: b.visits(ginHandler(ginBare, nil), pageURL)},
		{name: "gin-cache", worker: b.visits(ginHandler(ginBare, ginCache()), pageURL)},
		{name: "fiber, its floor", worker: b.fiberVisits(fiberHandler(fiberBare, nil))},
		{name: "fiber's cache", worker: b.fiberVisits(fiberHandler(fiberBare, fiberCache()))},
	}
}

func ginBare(c *gin.Context) { bare(c.Writer, c.Request) }

// ginCache stores by host, path and Accept-Language.
func ginCache() gin.HandlerFunc {
	return gincache.Cache(persist.NewMemoryStore(time.Hour), time.Hour,
		gincache.WithCacheStrategyByRequest(func(c *gin.Context) (bool, gincache.Strategy) {
			return true, gincache.Strategy{CacheKey: handKey(c.Request)}
		}))
}

func ginHandler(page, mid gin.HandlerFunc) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	gin.DefaultWriter = io.Discard
	e := gin.New()
	if mid != nil {
		e.Use(mid)
	}
	e.GET("/blog/:slug/", page)
	return e
}

func fiberBare(c *fiber.Ctx) error {
	for i := range fields {
		c.Set(fields[i][0], fields[i][1])
	}
	return c.Send(html4K)
}

// fiberCache stores by host, path and Accept-Language.
func fiberCache() fiber.Handler {
	return fibercache.New(fibercache.Config{
		Expiration:           time.Hour,
		StoreResponseHeaders: true,
		KeyGenerator: func(c *fiber.Ctx) string {
			return c.Hostname() + c.Path() + "|" + c.Get("Accept-Language")
		},
	})
}

func fiberHandler(page, mid fiber.Handler) fasthttp.RequestHandler {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	if mid != nil {
		app.Use(mid)
	}
	app.Get("/blog/:slug/", page)
	return app.Handler()
}

// fiberVisits is visits for what runs on fasthttp.
func (b *bench) fiberVisits(h fasthttp.RequestHandler) func() func(int) {
	return func() func(int) {
		var c fasthttp.RequestCtx
		var r fasthttp.Request
		r.SetRequestURI(pageURL)
		for name, value := range browser {
			r.Header.Set(name, value)
		}
		c.Init(&r, nil, nil)
		get := func() {
			c.Response.Reset()
			h(&c)
		}
		get()
		get()
		b.expect(c.Response.StatusCode() == http.StatusOK && len(c.Response.Body()) == pageSize,
			"fiber: got %d and %d bytes, want 200 and %d", c.Response.StatusCode(), len(c.Response.Body()), pageSize)
		return func(n int) {
			for range n {
				get()
			}
		}
	}
}
