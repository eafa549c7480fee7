package pagecache

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/keys"
)

// newWarm returns a Cache that warms pages up, over a store with room for few.
func newWarm(t *testing.T, opts Options) *Cache {
	t.Helper()
	b := memory.New(&memory.Options{MaxBytes: 1 << 20})
	t.Cleanup(func() { _ = b.Close() })
	store, err := coherent.New(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	opts.TTL, opts.Warm = time.Hour, 1
	c, err := New(store, &opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Whatever is long about pages, what is remembered of them takes maxWarmBytes, and is
// counted as what it takes.
func TestWarmRemembersBytes(t *testing.T) {
	long := func(i, n int) string { return fmt.Sprint(i, "-", strings.Repeat("x", n)) }
	for name, tt := range map[string]struct {
		pages  int
		keys   keys.Options
		get    func(i int) *http.Request
		groups func(i int) int
		vary   string // of somebody around the cache
		all    bool   // all of them are remembered
	}{
		"short":        {pages: 4000, get: func(i int) *http.Request { return httptest.NewRequest("GET", fmt.Sprint("/", i), nil) }, all: true},
		"long queries": {pages: 1500, get: func(i int) *http.Request { return httptest.NewRequest("GET", "/?"+long(i, 7000), nil) }},
		"long paths":   {pages: 1500, get: func(i int) *http.Request { return httptest.NewRequest("GET", "/"+long(i, 7000), nil) }},
		"escaped paths": {pages: 1500, get: func(i int) *http.Request {
			return httptest.NewRequest("GET", fmt.Sprint("/", i, strings.Repeat("%C3%A9", 1000)), nil)
		}},
		"whole in a key": {pages: 1500, keys: keys.Options{MaxURI: 1 << 20}, get: func(i int) *http.Request { return httptest.NewRequest("GET", "/?"+long(i, 7000), nil) }},
		"behind a prefix": {pages: 1500, get: func(i int) *http.Request {
			r := httptest.NewRequest("GET", "/app/"+long(i, 3500), nil)
			r.URL.Path = strings.TrimPrefix(r.URL.Path, "/app")
			return r
		}},
		"long hosts": {pages: 1500, get: func(i int) *http.Request {
			r := httptest.NewRequest("GET", "/", nil)
			r.Host = long(i, 4000) + ".example"
			return r
		}},
		"fields in the key": {pages: 4000, keys: keys.Options{Headers: []string{"X-A"}}, get: func(i int) *http.Request {
			r := httptest.NewRequest("GET", fmt.Sprint("/", i), nil)
			r.Header.Set("X-A", strings.Repeat("x", 500))
			return r
		}, all: true},
		"many groups": {pages: 20, get: func(i int) *http.Request { return httptest.NewRequest("GET", fmt.Sprint("/", i), nil) }, groups: func(int) int { return 30_000 }},
		"a long Vary": {pages: 1500, get: func(i int) *http.Request { return httptest.NewRequest("GET", fmt.Sprint("/", i), nil) }, vary: "Origin"},
		"long pattern": {pages: 1500, get: func(i int) *http.Request {
			r := httptest.NewRequest("GET", fmt.Sprint("/", i), nil)
			r.Pattern = "GET example.com/" + long(i, 500)
			return r
		}},
	} {
		t.Run(name, func(t *testing.T) {
			builder, err := keys.New("page", &tt.keys)
			if err != nil {
				t.Fatal(err)
			}
			c := newWarm(t, Options{Keys: builder})
			h := c.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if tt.groups != nil {
					var names []string
					for i := range tt.groups(0) {
						names = append(names, fmt.Sprint(r.URL.Path, i))
					}
					AddGroups(r.Context(), names...)
				}
			}))
			visit := func(i int) {
				w := httptest.NewRecorder()
				if tt.vary != "" {
					w.Header()["Vary"] = []string{tt.vary + strings.Repeat(", Access-Control-Request-Method", 200)}
				}
				h.ServeHTTP(w, tt.get(i))
			}
			visit(1 << 30) // what the cache makes once
			before := heap()
			for i := range tt.pages {
				visit(i)
			}
			after := heap()
			c.warm.mu.Lock()
			n, counted, sum := c.warm.recent.Len(), c.warm.bytes, 0
			for e := c.warm.recent.Front(); e != nil; e = e.Next() {
				sum += e.Value.(*warmPage).size()
			}
			c.warm.mu.Unlock()
			if counted != sum || counted > maxWarmBytes || n == 0 {
				t.Errorf("%d pages are remembered, of %d bytes, counted as %d; want some, of %d at most", n, sum, counted, maxWarmBytes)
			}
			if tt.all && n < tt.pages {
				t.Errorf("%d of %d pages are remembered, of %d bytes", n, tt.pages, sum)
			}
			const others = 4 << 20 // the store, and what else a Cache has learned
			if took := after - before; took > int64(counted)*5/4+others {
				t.Errorf("%d pages take %d KB, and are counted as %d KB", n, took>>10, counted>>10)
			}
			t.Logf("%d of %d pages: counted %d KB, measured %d KB", n, tt.pages, counted>>10, (after-before)>>10)
			runtime.KeepAlive(h)
		})
	}
}

// A page that takes too much is forgotten, and does not push out the others; one that
// has become small again is remembered again.
func TestWarmForgetsWhatHasBecomeLarge(t *testing.T) {
	var many atomic.Int64
	c := newWarm(t, Options{})
	h := c.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var names []string
		for i := range many.Load() {
			names = append(names, fmt.Sprint(i))
		}
		AddGroups(r.Context(), names...)
	}))
	visit := func(path string) { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil)) }
	visit("/other")
	for i, want := range []int{2, 1, 2} {
		many.Store([]int64{1, 32_760, 2}[i]) // each is two names
		if err := c.values.Delete(t.Context(), c.keys.Request(httptest.NewRequest("GET", "/page", nil)).String()); err != nil {
			t.Fatal(err)
		}
		visit("/page")
		if n := len(c.warm.pages); n != want || c.warm.recent.Len() != want {
			t.Errorf("with %d groups: %d pages are remembered, want %d", many.Load(), n, want)
		}
	}
	c.warm.forget(c.keys.Request(httptest.NewRequest("GET", "/page", nil)).String())
	c.warm.forget(c.keys.Request(httptest.NewRequest("GET", "/other", nil)).String())
	if c.warm.bytes != 0 {
		t.Errorf("nothing is remembered, which counts as %d bytes", c.warm.bytes)
	}
}

// What waits to be rendered does not hold what has been forgotten, and Observe is told.
func TestWarmForgetsWhatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dropped atomic.Int64
		c := newWarm(t, Options{Observe: func(_ *http.Request, o Observation) {
			if o.Detail == detailWarmDropped {
				dropped.Add(1)
			}
		}})
		release := make(chan struct{})
		h := c.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if Warming(r.Context()) {
				<-release
			}
		}))
		visit := func(s string) { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", s, nil)) }
		const first = 20
		for i := range first {
			visit(fmt.Sprint("/first?", i, strings.Repeat("x", 7000)))
		}
		if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Path("/first")}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // one is being rendered, and the others wait
		for i := range maxWarmPages {
			visit(fmt.Sprint("/later?", i, strings.Repeat("x", 7000)))
		}
		c.warm.mu.Lock()
		for _, p := range c.warm.queue {
			if p.uri != nil || p.deps != nil || p.next != nil {
				t.Errorf("a page that was forgotten is held by the queue: %v", p.uri)
			}
		}
		c.warm.mu.Unlock()
		if got := dropped.Load(); got != first-1 {
			t.Errorf("Observe was told of %d pages that will not be warmed, want %d", got, first-1)
		}
		close(release)
		synctest.Wait()
		if n := len(c.warm.queue); n != 0 {
			t.Errorf("%d pages are left in the queue", n)
		}
	})
}
