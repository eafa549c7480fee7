package rediscache_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/redistest"
)

// An example cannot skip itself, as the tests do where there is no redis-server.
func TestMain(m *testing.M) {
	if _, err := exec.LookPath("redis-server"); err != nil && os.Getenv("CI") != "true" {
		flag.Parse()
		fmt.Fprintln(os.Stderr, "Example is skipped:", err)
		if err := flag.Set("test.skip", "^Example$"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// The log answers why a page was purged, and who did it.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	srv, err := redistest.Start(ctx, redistest.Config{}) // yours runs already
	if err != nil {
		panic(err)
	}
	defer srv.Stop()

	rdb := redis.NewClient(&redis.Options{Addr: srv.Addr, ContextTimeoutEnabled: true})
	defer rdb.Close()
	backend, err := rediscache.New(rdb, nil)
	if err != nil {
		panic(err)
	}

	pos, err := backend.Append(ctx, cache.Event{
		Dependencies: []cache.Dependency{cache.Path("/blog/hello/"), cache.Group("author:ada")},
		Reason:       "blog.Post 42 saved",
		Origin:       "web-1",
	})
	if err != nil {
		panic(err)
	}
	events, err := backend.Since(ctx, pos-1) // in any process
	if err != nil {
		panic(err)
	}
	for _, e := range events.List {
		fmt.Println(e.Origin, "purged", e.Dependencies, "because", e.Reason)
	}
	// Output:
	// web-1 purged [path:/blog/hello/ group:author:ada] because blog.Post 42 saved
}
