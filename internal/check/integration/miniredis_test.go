package integration_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
)

// onMini returns a backend on a client of its own.
func onMini(t *testing.T, s *miniredis.Miniredis) *rediscache.Backend {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: s.Addr(), ContextTimeoutEnabled: true})
	t.Cleanup(func() { rdb.Close() })
	b, err := rediscache.New(rdb, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A page in Redis is a hit on another node, expires there, and is gone for all
// nodes when one purges it.
func TestPageOnMiniredis(t *testing.T) {
	s := miniredis.RunT(t)
	version := 0
	node := func() (http.Handler, *pagecache.Cache) {
		c, _ := pages(t, onMini(t, s))
		return c.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			pagecache.AddGroups(r.Context(), "news")
			fmt.Fprint(w, version)
		})), c
	}
	a, _ := node()
	b, purger := node()
	const url = "http://example.com/"
	step := func(what string, h http.Handler, want, status string) {
		t.Helper()
		w := get(t, h, url)
		got, _, _ := strings.Cut(w.Header().Get("Cache-Status"), "; ttl=")
		if w.Body.String() != want || got != status {
			t.Errorf("%s: GET %s: got version %s (%s), want %s (%s)", what, url, w.Body, got, want, status)
		}
	}
	const hit = "uncache; hit"
	step("first", a, "0", "uncache; fwd=miss; stored")
	version = 1
	step("on the same node", a, "0", hit)
	step("on another node", b, "0", hit)
	if err := purger.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Group("news")}}); err != nil {
		t.Fatal(err)
	}
	step("after a purge by the other node", a, "1", "uncache; fwd=miss; stored; detail=purged")
	step("again, on the other node", b, "1", hit)
	s.FastForward(time.Hour)
	version = 2
	step("after it expired", b, "2", "uncache; fwd=miss; stored")
	s.FlushAll()
	version = 3
	step("after all was lost", a, "3", "uncache; fwd=miss; stored")
}
