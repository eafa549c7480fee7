package integration_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/internal/redistest"
)

// A fill looks a page up and stores it. A page that varies is stored beside a note, which
// the lookup has read, unless rendering takes long.
func TestRoundTripsOfAFill(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	for _, tt := range []struct {
		name   string
		lease  time.Duration
		vary   bool
		render time.Duration
		first  int64 // variant, the most trips
		second int64
	}{
		{name: "plain", first: 2},
		{name: "varying", vary: true, first: 3, second: 4},
		{name: "varying and slow", vary: true, render: 50 * time.Millisecond, first: 4, second: 5},
		{name: "plain, leased", lease: time.Minute, first: 5},
		{name: "varying, leased", lease: time.Minute, vary: true, first: 6, second: 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newTurnstile(t, srv.Addr)
			opts := srv.Options()
			opts.Addr, opts.PoolSize, opts.MinIdleConns = p.addr(), 1, 0
			rdb := redis.NewClient(opts)
			t.Cleanup(func() { rdb.Close() })
			b, err := rediscache.New(rdb, nil)
			if err != nil {
				t.Fatal(err)
			}
			store, err := coherent.New(b, &coherent.Options{Timeout: 5 * time.Second, Lease: tt.lease})
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			c, err := pagecache.New(store, &pagecache.Options{TTL: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			h := c.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if tt.vary {
					w.Header().Set("Vary", "Accept-Language")
				}
				time.Sleep(tt.render)
				io.WriteString(w, r.Header.Get("Accept-Language"))
			}))
			fill := func(page int, language string) int64 {
				before := p.trips.Load()
				w := httptest.NewRecorder()
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://example.com/%s/%d", strings.ReplaceAll(tt.name, " ", "-"), page), nil)
				r.Header.Set("Accept-Language", language)
				h.ServeHTTP(w, r)
				if s := w.Header().Get("Cache-Status"); !strings.Contains(s, "stored") || w.Body.String() != language {
					t.Fatalf("page %d in %s: got %q, %q; want it stored", page, language, w.Body, s)
				}
				if tt.lease > 0 {
					time.Sleep(20 * time.Millisecond) // the lease is released in the background
				}
				return p.trips.Load() - before
			}
			fill(0, "en") // a connection, and the log
			fewest := [2]int64{1 << 30, 1 << 30}
			for page := 1; page <= 10; page++ {
				fewest[0] = min(fewest[0], fill(page, "en"))
				if tt.vary {
					fewest[1] = min(fewest[1], fill(page, "de"))
				}
			}
			if fewest[0] > tt.first || tt.vary && fewest[1] > tt.second {
				t.Errorf("fills made %d round trips, want at most %d and %d", fewest, tt.first, tt.second)
			}
			t.Log(fewest)
		})
	}
}
