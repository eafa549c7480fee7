package pagecache

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"sync/atomic"
	"weak"
)

// ErrContext is what Observe is told, wrapped, when AddGroups, SetRoute, SetTTL or
// DoNotStore was called with a context that does not lead to a request behind a cache:
// context.Background(), or a *gin.Context in place of c.Request.Context(). What was said is
// lost: a purge of the group does not reach the page. Every open Cache of the process is
// told once for each call site, with a request that nobody made.
var ErrContext = errors.New("the context leads to no request behind a cache")

// notClosed are the caches of this process that can be told of a stray call. It is global
// because such a call knows of no Cache. Pointers are weak, so that a Cache which
// is not closed can be collected.
var notClosed registry

type registry struct {
	count  atomic.Int32
	mu     sync.Mutex
	caches map[weak.Pointer[Cache]]struct{}
}

func (g *registry) add(c *Cache) {
	if c.opts.Observe == nil {
		return
	}
	p := weak.Make(c)
	runtime.AddCleanup(c, g.remove, p)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.caches == nil {
		g.caches = make(map[weak.Pointer[Cache]]struct{})
	}
	g.caches[p] = struct{}{}
	g.count.Store(int32(len(g.caches)))
}

func (g *registry) remove(p weak.Pointer[Cache]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.caches, p)
	g.count.Store(int32(len(g.caches)))
}

func (g *registry) all() []*Cache {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make([]*Cache, 0, len(g.caches))
	for p := range g.caches {
		if c := p.Value(); c != nil {
			list = append(list, c)
		}
	}
	return list
}

// stray tells every open Cache that its caller, a function of this package, was called with
// a context that leads nowhere.
func stray(function string) {
	var site [1]uintptr
	if notClosed.count.Load() == 0 || runtime.Callers(3, site[:]) == 0 {
		return
	}
	for _, c := range notClosed.all() {
		c.tellStray(function, site)
	}
}

// tellStray tells Observe once of each call site.
func (c *Cache) tellStray(function string, site [1]uintptr) {
	c.told.mu.Lock()
	_, known := c.told.sites[site[0]]
	if known || len(c.told.sites) >= maxTold {
		c.told.mu.Unlock()
		return
	}
	if c.told.sites == nil {
		c.told.sites = make(map[uintptr]struct{})
	}
	c.told.sites[site[0]] = struct{}{}
	c.told.mu.Unlock()

	frame, _ := runtime.CallersFrames(site[:]).Next()
	err := fmt.Errorf("pagecache: %s at %s:%d: %w: call it with the request's own context (r.Context(); in gin c.Request.Context())",
		function, frame.File, frame.Line, ErrContext)
	r := (&http.Request{Method: http.MethodGet, URL: new(url.URL), Header: make(http.Header)}).WithContext(context.Background())
	c.report(r, &Observation{Detail: function + ": " + ErrContext.Error(), Err: err})
}
