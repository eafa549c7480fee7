package cachetest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/cachetest"
)

// What does a save purge? A Recorder takes the place of the cache.
func ExampleRecorder() {
	save := func(ctx context.Context, pages cachetest.Purger) error {
		return pages.Purge(ctx, cache.Event{
			Dependencies: []cache.Dependency{cache.Path("/blog/hello/"), cache.Group("author:ada")},
			Reason:       "blog.Post 42 saved",
		})
	}

	var rec cachetest.Recorder
	err := save(context.Background(), &rec)
	fmt.Println(err)
	for _, e := range rec.Purges() {
		fmt.Println(e.Reason, e.Dependencies)
	}
	// Output:
	// <nil>
	// blog.Post 42 saved [path:/blog/hello/ group:author:ada]
}

// Does the application answer while its cache is down?
func ExampleInjector() {
	store := memory.New(nil)
	defer store.Close()
	faults := cachetest.NewInjector(1)
	backend := faults.Backend(store)
	ctx := context.Background()

	faults.Break(cachetest.Fault{Err: errors.New("connection refused")}, cachetest.OpGet)
	_, _, err := backend.Get(ctx, "page")
	fmt.Println(err)

	faults.Mend()
	_, ok, err := backend.Get(ctx, "page")
	fmt.Println(ok, err)
	// Output:
	// connection refused
	// false <nil>
}
