package integration_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// A process starts over a log of 100,000 events, by a link that brings four
// megabytes a second. 200 visitors of one page have it rendered once, and when
// the log is read, what was stored before is served.
func TestStartOverALongLog(t *testing.T) {
	connect, srv := server(t)
	rdb := use(t, connect).(*redis.Client)
	log, err := rediscache.New(rdb, nil)
	if err != nil {
		t.Fatal(err)
	}
	var rendered atomic.Int64
	handler := func(opts *redis.Options) http.Handler {
		client := redis.NewClient(opts)
		t.Cleanup(func() { client.Close() })
		b, err := rediscache.New(client, nil)
		if err != nil {
			t.Fatal(err)
		}
		c, err := coherent.New(b, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		pages, err := pagecache.New(c, &pagecache.Options{TTL: time.Hour, Proxy: &pagecache.Proxy{ClientDirectives: true}})
		if err != nil {
			t.Fatal(err)
		}
		return pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rendered.Add(1)
			time.Sleep(200 * time.Millisecond)
			fmt.Fprint(w, "page")
		}))
	}
	get := func(h http.Handler, path string) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Header().Get("Cache-Status")
	}
	get(handler(srv.Options()), "/kept")
	get(handler(srv.Options()), "/purged")
	ctx := t.Context()
	appendMany(t, log, 50_000)
	if _, err := log.Append(ctx, cache.Event{Dependencies: []cache.Dependency{cache.Path("/purged")}}); err != nil {
		t.Fatal(err)
	}
	appendMany(t, log, 50_000)

	opts := srv.Options()
	opts.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return slowLink{conn}, err
	}
	h := handler(opts)
	rendered.Store(0)
	var visitors sync.WaitGroup
	for range 200 {
		visitors.Go(func() { get(h, "/new") })
	}
	visitors.Wait()
	if n := rendered.Load(); n > 2 { // one may have been too early for a busy machine
		t.Errorf("200 visitors had the page rendered %d times", n)
	}
	if status := get(h, "/new"); !strings.Contains(status, "hit") {
		t.Errorf("a moment later: %s, want a hit", status)
	}
	began := time.Now()
	for status := ""; !strings.Contains(status, "hit"); status = peek(h, "/kept") {
		if time.Since(began) > 2*time.Minute {
			t.Fatalf("what was stored before is not served: %s", status)
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("the log was read in %v", time.Since(began))
	if status := get(h, "/purged"); strings.Contains(status, "hit") {
		t.Errorf("a page that was purged in the middle of the log: %s", status)
	}
}

// peek asks without having anything rendered.
func peek(h http.Handler, path string) string {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Cache-Control", "only-if-cached")
	h.ServeHTTP(w, r)
	return w.Header().Get("Cache-Status")
}

// appendMany appends n events by many connections.
func appendMany(t *testing.T, log cache.Log, n int) {
	t.Helper()
	const workers = 16
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			for j := range n / workers {
				if _, err := log.Append(t.Context(), cache.Event{
					Dependencies: []cache.Dependency{cache.Path(fmt.Sprintf("/other/%d/%d/", i, j))}, Reason: "blog.Post 42 saved",
				}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// A slowLink brings four megabytes a second.
type slowLink struct{ net.Conn }

func (c slowLink) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b[:min(len(b), 16<<10)])
	time.Sleep(time.Duration(n) * time.Second / (4 << 20))
	return n, err
}
