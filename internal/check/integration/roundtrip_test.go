package integration_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
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
	"github.com/uncache/uncache/internal/redistest"
	"github.com/uncache/uncache/keys"
)

// A turnstile stands between a client and a server and counts round trips: how
// often the client has spoken after the server had, or first.
type turnstile struct {
	l      net.Listener
	server string
	trips  atomic.Int64
	wg     sync.WaitGroup
}

func newTurnstile(t testing.TB, server string) *turnstile {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &turnstile{l: l, server: server}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.wg.Wait()
	})
	return p
}

func (p *turnstile) addr() string { return p.l.Addr().String() }

func (p *turnstile) accept() {
	for {
		client, err := p.l.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.relay(client) })
	}
}

func (p *turnstile) relay(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	var asked atomic.Bool // the client has spoken last
	p.wg.Go(func() {
		defer client.Close()
		defer server.Close()
		_, _ = io.Copy(spoke{client, func() { asked.Store(false) }}, server)
	})
	_, _ = io.Copy(spoke{server, func() {
		if !asked.Swap(true) {
			p.trips.Add(1)
		}
	}}, client)
}

// spoke calls said before each write.
type spoke struct {
	io.Writer
	said func()
}

func (s spoke) Write(b []byte) (int, error) {
	s.said()
	return s.Writer.Write(b)
}

// A hit costs one round trip to Redis, whatever the page is.
func TestRoundTripsOfAHit(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	p := newTurnstile(t, srv.Addr)
	opts := srv.Options()
	opts.Addr = p.addr()
	opts.PoolSize, opts.MinIdleConns = 1, 0
	rdb := redis.NewClient(opts)
	t.Cleanup(func() { rdb.Close() })
	b, err := rediscache.New(rdb, nil)
	if err != nil {
		t.Fatal(err)
	}
	bounded := &coherent.Options{MaxStale: time.Minute, Timeout: 5 * time.Second}
	for _, tt := range []struct {
		name    string
		backend cache.Backend
		opts    *coherent.Options
		vary    bool
		groups  int
		want    int64
	}{
		{name: "plain", backend: b, want: 1},
		{name: "varying", backend: b, vary: true, want: 1},
		{name: "in 64 groups", backend: b, groups: 64, want: 1},
		{name: "in 64 groups and varying", backend: b, groups: 64, vary: true, want: 1},
		{name: "from a near tier", backend: near(t, []cache.Backend{b})[0], want: 1},
		{name: "from a near tier, bounded", backend: near(t, []cache.Backend{b})[0], opts: bounded, want: 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.opts == nil {
				tt.opts = &coherent.Options{Timeout: 5 * time.Second}
			}
			store, err := coherent.New(tt.backend, tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			c, err := pagecache.New(store, &pagecache.Options{TTL: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			body := strings.Repeat("x", 4<<10)
			h := c.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if tt.vary {
					w.Header().Set("Vary", "Accept-Language")
				}
				for i := range tt.groups {
					pagecache.AddGroups(r.Context(), fmt.Sprintf("group %d", i))
				}
				io.WriteString(w, body)
			}))
			// Whatever must be learned once is learned: connection, note of
			// what the page varies by.
			url := "http://example.com/" + strings.ReplaceAll(tt.name, " ", "-")
			for range 3 {
				get(t, h, url)
			}
			const hits = 100
			before := p.trips.Load()
			for range hits {
				w := get(t, h, url)
				if s := w.Header().Get("Cache-Status"); !strings.Contains(s, "hit") || w.Body.String() != body {
					t.Fatalf("GET %s: got %d bytes, %q; want the %d of a hit", url, w.Body.Len(), s, len(body))
				}
			}
			if got := p.trips.Load() - before; got != tt.want*hits {
				t.Errorf("%d hits made %d round trips to Redis, want %d", hits, got, tt.want*hits)
			}
		})
	}
}

// So does a purge, of a path whose keys can be computed, too.
func TestRoundTripsOfAPurge(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	p := newTurnstile(t, srv.Addr)
	opts := srv.Options()
	opts.Addr, opts.PoolSize = p.addr(), 1
	rdb := redis.NewClient(opts)
	t.Cleanup(func() { rdb.Close() })
	b, err := rediscache.New(rdb, nil)
	if err != nil {
		t.Fatal(err)
	}
	store, err := coherent.New(b, &coherent.Options{Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	builder, err := keys.New("", &keys.Options{Hosts: []string{"example.com", "www.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := pagecache.New(store, &pagecache.Options{TTL: time.Hour, Keys: builder})
	if err != nil {
		t.Fatal(err)
	}
	h := c.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "a page") }))
	for name, dep := range map[string]cache.Dependency{
		"a path":  cache.Path("/a/"),
		"a group": cache.Group("g"),
	} {
		for i := range 10 {
			get(t, h, "http://example.com/a/")
			stored := rdb.DBSize(t.Context()).Val()
			before := p.trips.Load()
			if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{dep}}); err != nil {
				t.Fatal(err)
			}
			if got := p.trips.Load() - before; got != 1 && i > 0 {
				t.Errorf("a purge of %s made %d round trips, want 1", name, got)
			}
			if left := rdb.DBSize(t.Context()).Val(); dep == cache.Path("/a/") && i > 0 && left != stored-1 {
				t.Errorf("a purge of %s left %d of %d keys, want one less", name, left, stored)
			}
		}
	}
}
