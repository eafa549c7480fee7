package integration_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/internal/redistest"
)

// Many visitors of a process that has just started share connections, and the question
// whose history the server's data is in. Each connection that is dialled makes the
// process ask again, so that each visitor would.
func TestColdPoolAsksSeldom(t *testing.T) {
	const visitors, most = 150, 50
	srv := redistest.New(t, redistest.Config{})
	count := redis.NewClient(srv.Options())
	t.Cleanup(func() { count.Close() })
	page := func(h http.Handler, i int) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprint("http://example.com/", i), nil))
		return w.Header().Get("Cache-Status")
	}
	first := coldSite(t, srv)
	for i := range visitors {
		page(first, i)
	}
	cold := coldSite(t, srv)
	if err := count.ConfigResetStat(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	statuses := make([]string, visitors)
	var all sync.WaitGroup
	for i := range visitors {
		all.Go(func() { statuses[i] = page(cold, i) })
	}
	all.Wait()
	asked := calls(t, count, "eval")
	for i, s := range statuses {
		if !strings.Contains(s, "hit") {
			t.Errorf("visitor %d: got %q, want a hit", i, s)
		}
	}
	t.Logf("the server was asked %d times, and for %d hellos", asked, calls(t, count, "hello"))
	if asked == 0 || asked > most {
		t.Errorf("the server was asked %d times by %d visitors, want from 1 to %d", asked, visitors, most)
	}
}

// coldSite is a site in a process that has just started.
func coldSite(t *testing.T, srv *redistest.Server) http.Handler {
	t.Helper()
	opts := srv.Options()
	opts.PoolSize = 200
	rdb := redis.NewClient(opts)
	t.Cleanup(func() { rdb.Close() })
	b, err := rediscache.New(rdb, nil)
	if err != nil {
		t.Fatal(err)
	}
	store, err := coherent.New(b, &coherent.Options{Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	c, err := pagecache.New(store, &pagecache.Options{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return c.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "page ", r.URL.Path) }))
}

// calls is how often a server has run a command since its statistics began.
func calls(t *testing.T, rdb *redis.Client, command string) int {
	t.Helper()
	info, err := rdb.Info(context.Background(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`cmdstat_` + command + `:calls=(\d+)`).FindStringSubmatch(info)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}
