package rediscache_test

import (
	"context"
	"fmt"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
)

// The log answers why a page was purged, and who did it.
func Example() {
	ctx := context.Background()
	server, err := miniredis.Run() // yours runs already
	if err != nil {
		panic(err)
	}
	defer server.Close()

	rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true})
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
