package background

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/keys"
)

// newWarmer returns a Warmer with one worker, whose pages render themselves.
func newWarmer(t *testing.T, c Config) *Warmer {
	t.Helper()
	if c.Keys == nil {
		c.Keys = newKeys(t, nil)
	}
	c.Group, c.Workers, c.Timeout = NewGroup(), 1, time.Minute
	c.Render = func(next http.Handler, _ http.Header, r *http.Request) { next.ServeHTTP(nil, r) }
	t.Cleanup(c.Group.Close)
	return NewWarmer(c)
}

func newKeys(t *testing.T, opts *keys.Options) *keys.Builder {
	t.Helper()
	b, err := keys.New("page", opts)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// stored tells w that the page which r asks for was stored.
func stored(w *Warmer, r *http.Request, p Page) {
	if p.Next == nil {
		p.Next = http.NotFoundHandler()
	}
	p.Key, p.Request, p.Seen = w.Keys.Request(r).String(), r, w.Keys.Seen(r)
	w.Remember(p)
}

func get(url string) *http.Request { return httptest.NewRequest(http.MethodGet, url, nil) }

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What is remembered of pages is bounded. Those that were stored last are.
func TestRememberTheLast(t *testing.T) {
	w := newWarmer(t, Config{})
	visit := func(i int) { stored(w, get(fmt.Sprint("/p", i)), Page{}) }
	for i := range maxPages {
		visit(i)
	}
	visit(0) // so that /p1 is the oldest now
	visit(maxPages)
	if n, m := len(w.pages), w.recent.Len(); n != maxPages || m != n {
		t.Errorf("%d pages are remembered, in a list of %d; want %d", n, m, maxPages)
	}
	for i, want := range map[int]bool{0: true, 1: false, 2: true, maxPages: true} {
		if _, ok := w.pages[w.Keys.Request(get(fmt.Sprint("/p", i))).String()]; ok != want {
			t.Errorf("/p%d is remembered: %v, want %v", i, ok, want)
		}
	}
}

// Whatever is long about pages, what is remembered of them takes maxBytes, and is
// counted as what it takes.
func TestRememberBytes(t *testing.T) {
	long := func(i, n int) string { return fmt.Sprint(i, "-", strings.Repeat("x", n)) }
	for name, tt := range map[string]struct {
		pages int
		keys  keys.Options
		get   func(i int) *http.Request
		deps  int
		vary  string // of the middleware outside the cache
		all   bool   // all of them are remembered
	}{
		"short":          {pages: 4000, get: func(i int) *http.Request { return get(fmt.Sprint("/", i)) }, all: true},
		"long queries":   {pages: 1500, get: func(i int) *http.Request { return get("/?" + long(i, 7000)) }},
		"long paths":     {pages: 1500, get: func(i int) *http.Request { return get("/" + long(i, 7000)) }},
		"escaped paths":  {pages: 1500, get: func(i int) *http.Request { return get(fmt.Sprint("/", i, strings.Repeat("%C3%A9", 1000))) }},
		"whole in a key": {pages: 1500, keys: keys.Options{MaxURI: 1 << 20}, get: func(i int) *http.Request { return get("/?" + long(i, 7000)) }},
		"behind a prefix": {pages: 1500, get: func(i int) *http.Request {
			r := get("/app/" + long(i, 3500))
			r.URL.Path = strings.TrimPrefix(r.URL.Path, "/app")
			return r
		}},
		"long hosts": {pages: 1500, get: func(i int) *http.Request {
			r := get("/")
			r.Host = long(i, 4000) + ".example"
			return r
		}},
		"fields in the key": {pages: 4000, keys: keys.Options{Headers: []string{"X-A"}}, get: func(i int) *http.Request {
			r := get(fmt.Sprint("/", i))
			r.Header.Set("X-A", strings.Repeat("x", 500))
			return r
		}, all: true},
		"many dependencies": {pages: 20, get: func(i int) *http.Request { return get(fmt.Sprint("/", i)) }, deps: 60_000},
		"a long Vary":       {pages: 1500, get: func(i int) *http.Request { return get(fmt.Sprint("/", i)) }, vary: "Origin"},
		"long pattern": {pages: 1500, get: func(i int) *http.Request {
			r := get(fmt.Sprint("/", i))
			r.Pattern = "GET example.com/" + long(i, 500)
			return r
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWarmer(t, Config{Keys: newKeys(t, &tt.keys)})
			visit := func(i int) {
				r := tt.get(i)
				p := Page{Outer: Outer{Pattern: r.Pattern}, Deps: make([]uint64, tt.deps)}
				if tt.vary != "" {
					p.Outer.Vary = []string{tt.vary + strings.Repeat(", Access-Control-Request-Method", 200)}
				}
				stored(w, r, p)
			}
			visit(1 << 30) // what is made once
			before := heap()
			for i := range tt.pages {
				visit(i)
			}
			after := heap()
			w.mu.Lock()
			n, counted, sum := w.recent.Len(), w.bytes, 0
			for e := w.recent.Front(); e != nil; e = e.Next() {
				sum += e.Value.(*page).size()
			}
			w.mu.Unlock()
			if counted != sum || counted > maxBytes || n == 0 {
				t.Errorf("%d pages are remembered, of %d bytes, counted as %d; want some, of %d at most", n, sum, counted, maxBytes)
			}
			if tt.all && n < tt.pages {
				t.Errorf("%d of %d pages are remembered, of %d bytes", n, tt.pages, sum)
			}
			if took := after - before; took > int64(counted)*5/4 {
				t.Errorf("%d pages take %d KB, and are counted as %d KB", n, took>>10, counted>>10)
			}
			t.Logf("%d of %d pages: counted %d KB, measured %d KB", n, tt.pages, counted>>10, (after-before)>>10)
			runtime.KeepAlive(w)
		})
	}
}

// A page that takes too much is forgotten, and does not push out the others. One that
// has become small again is remembered again.
func TestForgetWhatHasBecomeLarge(t *testing.T) {
	w := newWarmer(t, Config{})
	stored(w, get("/other"), Page{})
	for i, want := range []int{2, 1, 2} {
		deps := []int{2, 65_520, 4}[i]
		stored(w, get("/page"), Page{Deps: make([]uint64, deps)})
		if n := len(w.pages); n != want || w.recent.Len() != want {
			t.Errorf("with %d dependencies: %d pages are remembered, want %d", deps, n, want)
		}
	}
	for _, path := range []string{"/page", "/other"} {
		w.Forget(w.Keys.Request(get(path)).String())
	}
	if w.bytes != 0 {
		t.Errorf("nothing is remembered, which counts as %d bytes", w.bytes)
	}
}

// The queue does not hold what has been forgotten, and Tell hears of it.
func TestForgetWhatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dropped atomic.Int64
		w := newWarmer(t, Config{Tell: func(_ *http.Request, detail string, err error) {
			if detail == DetailDropped && err == nil {
				dropped.Add(1)
			}
		}})
		release := make(chan struct{})
		next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if Warming(r.Context()) {
				<-release
			}
		})
		visit := func(url string, deps ...uint64) { stored(w, get(url), Page{Next: next, Deps: deps}) }
		const first = 20
		for i := range first {
			visit(fmt.Sprint("/first?", i, strings.Repeat("x", 7000)), cache.Path("/first").Hash())
		}
		w.Purged([]cache.Dependency{cache.Path("/first")})
		synctest.Wait() // one is being rendered, and the others wait
		for i := range maxPages {
			visit(fmt.Sprint("/later?", i, strings.Repeat("x", 7000)))
		}
		w.mu.Lock()
		for _, p := range w.queue {
			if p.uri != nil || p.deps != nil || p.next != nil {
				t.Errorf("the queue holds a page that was forgotten: %v", p.uri)
			}
		}
		w.mu.Unlock()
		if got := dropped.Load(); got != first-1 {
			t.Errorf("Tell was told of %d pages that will not be warmed, want %d", got, first-1)
		}
		close(release)
		synctest.Wait()
		if n := len(w.queue); n != 0 {
			t.Errorf("%d pages are left in the queue", n)
		}
	})
}

// After Close nothing begins, and what runs has been waited for.
func TestGroup(t *testing.T) {
	g := NewGroup()
	var ended atomic.Bool
	if !g.Go(func() { <-g.Context().Done(); ended.Store(true) }) {
		t.Error("Go refuses before Close")
	}
	g.Close()
	if !ended.Load() || !g.Closed() || g.Context().Err() != context.Canceled {
		t.Error("Close has not ended the goroutines")
	}
	if g.Go(func() { t.Error("it runs after Close") }) {
		t.Error("Go begins after Close")
	}
}
