package memory_test

import (
	"context"
	"fmt"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
)

func Example() {
	store := memory.New(&memory.Options{MaxBytes: 64 << 20})
	defer store.Close()
	ctx := context.Background()

	if err := store.Set(ctx, "page:/blog/hello/", []byte("<h1>Hello</h1>"), time.Minute); err != nil {
		fmt.Println(err)
	}
	value, ok, err := store.Get(ctx, "page:/blog/hello/")
	fmt.Printf("%s %v %v\n", value, ok, err)
	// Output:
	// <h1>Hello</h1> true <nil>
}

// A log tells what was purged, and why.
func ExampleLog() {
	log := memory.NewLog(nil)
	ctx := context.Background()
	before := log.Head()

	_, err := log.Append(ctx, cache.Event{
		Dependencies: []cache.Dependency{cache.Path("/blog/hello/")},
		Reason:       "blog.Post 42 saved",
	})
	if err != nil {
		fmt.Println(err)
	}
	events, err := log.Since(ctx, before)
	if err != nil {
		fmt.Println(err)
	}
	for _, e := range events.List {
		fmt.Println(e.Dependencies, e.Reason)
	}
	// Output:
	// [path:/blog/hello/] blog.Post 42 saved
}

// How much of the room is used, and what had to go?
func ExampleBackend_Stats() {
	store := memory.New(&memory.Options{MaxEntries: 2})
	defer store.Close()
	for _, key := range []string{"/?page=1", "/?page=2", "/?page=3"} {
		if err := store.Set(context.Background(), key, []byte("<html>"), 0); err != nil {
			fmt.Println(err)
		}
	}
	st := store.Stats()
	fmt.Println(st.Entries, st.Evicted)
	// Output:
	// 2 1
}
