package integration_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// beds are what benchmarks of pages run on. The floor is the bare handler,
// which writes the same bytes from memory: what it takes is not the cache's.
var beds = []struct {
	name string
	open func(b *testing.B) cache.Backend // nil: no cache at all
	opts coherent.Options
}{
	{name: "floor"},
	{name: "memory", open: func(b *testing.B) cache.Backend { return inMemory(b, nil) }},
	{name: "redis", open: onRedis},
	{name: "near", open: nearRedis},
	{name: "near, MaxStale 50ms", open: nearRedis, opts: coherent.Options{MaxStale: 50 * time.Millisecond}},
}

func onRedis(b *testing.B) cache.Backend {
	c, _ := server(b)
	return share(b, c, nil)[0]
}

func nearRedis(b *testing.B) cache.Backend {
	return near(b, []cache.Backend{onRedis(b)})[0]
}

var page4K = bytes.Repeat([]byte("x"), 4<<10)

// bare writes a page of 4 KiB that is in one group.
var bare = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	pagecache.AddGroups(r.Context(), "group")
	_, _ = w.Write(page4K)
})

// onEachBed runs a benchmark on each bed, with what is to be measured and, but
// for the floor, the cache in it.
func onEachBed(b *testing.B, bench func(b *testing.B, h http.Handler, c *pagecache.Cache)) {
	for _, bed := range beds {
		b.Run(bed.name, func(b *testing.B) {
			b.ReportAllocs()
			if bed.open == nil {
				bench(b, bare, nil)
				return
			}
			opts := bed.opts
			opts.Timeout = 5 * time.Second
			store, err := coherent.New(bed.open(b), &opts)
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			c, err := pagecache.New(store, &pagecache.Options{TTL: time.Hour})
			if err != nil {
				b.Fatal(err)
			}
			bench(b, c.Handler(bare), c)
		})
	}
}

// A client asks for pages again and again, without a network.
type benchClient struct {
	w *discard
	r *http.Request
}

func newBenchClient() benchClient {
	return benchClient{&discard{make(http.Header)}, httptest.NewRequest(http.MethodGet, "http://example.com/blog/", nil)}
}

func (c benchClient) get(h http.Handler) {
	clear(c.w.header)
	h.ServeHTTP(c.w, c.r)
}

// want fails unless the last answer says what it should.
func (c benchClient) want(b *testing.B, status string) {
	b.Helper()
	if got := c.w.header.Get("Cache-Status"); !strings.Contains(got, status) {
		b.Fatalf("Cache-Status: got %q, want %q in it", got, status)
	}
}

func BenchmarkHit(b *testing.B) {
	onEachBed(b, func(b *testing.B, h http.Handler, c *pagecache.Cache) {
		client := newBenchClient()
		client.get(h)
		for b.Loop() {
			client.get(h)
		}
		if c != nil {
			client.want(b, "hit")
		}
	})
}

// With many visitors at a time, round trips overlap.
func BenchmarkHitParallel(b *testing.B) {
	onEachBed(b, func(b *testing.B, h http.Handler, _ *pagecache.Cache) {
		newBenchClient().get(h)
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			client := newBenchClient()
			for pb.Next() {
				client.get(h)
			}
		})
	})
}

// A miss looks the page up, renders it and stores it.
func BenchmarkMiss(b *testing.B) {
	onEachBed(b, func(b *testing.B, h http.Handler, c *pagecache.Cache) {
		client := newBenchClient()
		n := 0
		for b.Loop() {
			n++
			client.r.URL = &url.URL{Path: "/blog/", RawQuery: "page=" + strconv.Itoa(n)}
			client.get(h)
		}
		if c != nil {
			client.want(b, "fwd=miss; stored")
		}
	})
}

// A purge of a page by path and of all pages in a group is one event.
func BenchmarkPurge(b *testing.B) {
	e := cache.Event{Dependencies: []cache.Dependency{cache.Path("/blog/"), cache.Group("group")}}
	onEachBed(b, func(b *testing.B, h http.Handler, c *pagecache.Cache) {
		if c == nil {
			b.Skip("there is nothing to purge without a cache")
		}
		newBenchClient().get(h)
		for b.Loop() {
			if err := c.Purge(b.Context(), e); err != nil {
				b.Fatal(err)
			}
		}
	})
}
