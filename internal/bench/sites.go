package main

import (
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/ristretto/v2"
	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v2"
	"github.com/maypok86/otter/v2"
	"github.com/redis/rueidis"
	"github.com/valyala/fasthttp"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/keys"
)

// A site is a cache in front of a handler with many pages.
type site struct {
	name     string
	ask      func() func(path string) // makes what one visitor asks with
	load     func(n int)              // stores the first n pages, if asking does not
	rendered *atomic.Int64            // how often the handler was called
	own      func(path string) int    // bytes of a page's key, fields and body
}

// sitePath is the path of page i.
func sitePath(i int) string { return string(appendSitePath(nil, i)) }

func appendSitePath(to []byte, i int) []byte {
	to = append(to, "/blog/a-post-with-a-title-"...)
	for least := 100_000; least > max(i, 1); least /= 10 {
		to = append(to, '0')
	}
	return append(strconv.AppendInt(to, int64(i), 10), '/')
}

// visitorOf makes a visitor of a handler of net/http. Its header map is used again.
func visitorOf(h http.Handler) func() func(path string) {
	return func() func(string) {
		w, r := newSink(), newRequest(pageURL)
		return func(path string) {
			r.URL.Path, r.RequestURI, r.Pattern = path, path, ""
			w.get(h, r)
			if w.status != http.StatusOK {
				panic(failed{fmt.Errorf("GET %s: got status %d, want 200", path, w.status)})
			}
		}
	}
}

// A render is a handler that answers with four fields and a body.
type render struct {
	body   []byte
	vary   bool
	fields [len(fields)][2]string
	calls  atomic.Int64
}

func newRender(body []byte, vary bool) *render {
	p := &render{body: body, vary: vary, fields: fields}
	for i := range p.fields {
		if p.fields[i][0] == "Content-Length" {
			p.fields[i][1] = strconv.Itoa(len(body))
		}
	}
	return p
}

func (p *render) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	p.calls.Add(1)
	for i := range p.fields {
		if p.vary || p.fields[i][0] != "Vary" {
			w.Header().Set(p.fields[i][0], p.fields[i][1])
		}
	}
	_, _ = w.Write(p.body)
}

// prepare renders a page for a store by hand.
func (p *render) prepare() *prepared {
	p.calls.Add(1)
	page := &prepared{body: append([]byte(nil), p.body...)}
	for i := range p.fields {
		page.values[i] = []string{p.fields[i][1]}
	}
	return page
}

// ownBytes returns what counts the bytes of a page's key, fields and body.
func (p *render) ownBytes(key func(path string) int) func(string) int {
	return func(path string) int {
		n := key(path) + len(p.body)
		for i := range p.fields {
			if p.vary || p.fields[i][0] != "Vary" {
				n += len(p.fields[i][0]) + len(p.fields[i][1])
			}
		}
		return n
	}
}

// requestOf is newRequest for the path of a site.
func requestOf(path string) *http.Request {
	r := newRequest(pageURL)
	r.URL.Path, r.RequestURI = path, path
	return r
}

func handKeyBytes(path string) int { return len(handKey(requestOf(path))) }

// uncacheSite is a page cache over a backend. A page's own fields are those of its
// answer that are stored: Date and ETag are among them.
func (b *bench) uncacheSite(name string, store cache.Backend, p *render) site {
	h := b.pages(store, coherent.Options{}).Handler(p)
	builder, err := keys.New("page", nil)
	b.must(err)
	w, own := newSink(), len(p.body)
	w.get(h, requestOf("/a-page-of-its-own/"))
	for name, values := range w.header {
		if name != "Cache-Status" && name != "Age" {
			own += len(name) + len(values[0])
		}
	}
	return site{name: name, ask: visitorOf(h), rendered: &p.calls, own: func(path string) int {
		return own + len(builder.Request(requestOf(path)).String())
	}}
}

// handSite is a store by hand, which renders what it has not.
func handSite(name string, p *render, load func(string) (*prepared, bool), store func(string, *prepared)) site {
	return site{name: name, rendered: &p.calls, own: p.ownBytes(handKeyBytes),
		ask: visitorOf(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			key := handKey(r)
			page, ok := load(key)
			if !ok {
				page = p.prepare()
				store(key, page)
			}
			page.serve(w)
		}))}
}

func (b *bench) otterSite(p *render, room int) site {
	o, err := otter.New(&otter.Options[string, *prepared]{MaximumSize: room})
	b.must(err)
	b.cleanup(func() { o.StopAllGoroutines() })
	return handSite("otter v2, by hand", p, o.GetIfPresent, func(key string, page *prepared) { o.Set(key, page) })
}

func (b *bench) ristrettoSite(p *render, room int) site {
	r, err := ristretto.NewCache(&ristretto.Config[string, *prepared]{NumCounters: 10 * int64(room), MaxCost: int64(room), BufferItems: 64, IgnoreInternalCost: true})
	b.must(err)
	b.cleanup(r.Close)
	sets := 0
	return handSite("ristretto v2, by hand", p, r.Get, func(key string, page *prepared) {
		r.Set(key, page, 1)
		if sets++; sets%1024 == 0 {
			r.Wait() // it drops what comes too fast
		}
	})
}

func (b *bench) ginSite(p *render) site {
	h := ginHandler(func(c *gin.Context) { p.ServeHTTP(c.Writer, c.Request) }, ginCache())
	return site{name: "gin-cache", ask: visitorOf(h), rendered: &p.calls, own: p.ownBytes(handKeyBytes)}
}

func (b *bench) fiberSite(p *render) site {
	h := fiberHandler(func(c *fiber.Ctx) error {
		p.calls.Add(1)
		for i := range p.fields {
			if p.vary || p.fields[i][0] != "Vary" {
				c.Set(p.fields[i][0], p.fields[i][1])
			}
		}
		return c.Send(p.body)
	}, fiberCache())
	return site{name: "fiber's cache", rendered: &p.calls, own: p.ownBytes(handKeyBytes), ask: func() func(string) {
		c, r := new(fasthttp.RequestCtx), new(fasthttp.Request)
		r.SetRequestURI(pageURL)
		for name, value := range browser {
			r.Header.Set(name, value)
		}
		c.Init(r, nil, nil)
		return func(path string) {
			c.Request.SetRequestURI(path)
			c.Response.Reset()
			h(c)
			if c.Response.StatusCode() != http.StatusOK {
				panic(failed{fmt.Errorf("fiber: GET %s: got status %d, want 200", path, c.Response.StatusCode())})
			}
		}
	}}
}

// rueidisSite keeps pages that it has read from Redis on its side.
func (b *bench) rueidisSite(p *render) site {
	b.must(b.client().ConfigSet(b.ctx, "tracking-table-max-keys", "0").Err()) // no bound
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{b.redis()}, CacheSizeEachConn: 4 << 30})
	b.must(err)
	b.cleanup(c.Close)
	key := func(path string) string { return handKey(requestOf(path)) }
	page := newRender(p.body, p.vary).prepare()
	s := handSite("rueidis client-side, by hand", p, func(key string) (*prepared, bool) {
		q := *page
		var err error
		q.body, err = c.DoCache(b.ctx, c.B().Get().Key(key).Cache(), time.Hour).AsBytes()
		return &q, err == nil
	}, func(string, *prepared) {})
	s.load = func(n int) {
		const batch = 500
		for i := 0; i < n; i += batch {
			var sets rueidis.Commands
			var gets []rueidis.CacheableTTL
			for k := i; k < min(i+batch, n); k++ {
				sets = append(sets, c.B().Set().Key(key(sitePath(k))).Value(rueidis.BinaryString(p.body)).Build())
				gets = append(gets, rueidis.CT(c.B().Get().Key(key(sitePath(k))).Cache(), time.Hour))
			}
			for _, x := range c.DoMulti(b.ctx, sets...) {
				b.must(x.Error())
			}
			for _, x := range c.DoMultiCache(b.ctx, gets...) {
				b.must(x.Error())
			}
		}
	}
	return s
}
