package tiered_test

import (
	"context"
	"fmt"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/backend/tiered"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// Two nodes share the far tier and its log. A purge by one reaches what the
// other has near.
func Example() {
	ctx := context.Background()
	far := memory.New(nil) // between processes: rediscache.New(rdb, nil)
	nearA, nearB := memory.New(nil), memory.New(nil)
	defer far.Close()
	defer nearA.Close()
	defer nearB.Close()

	title := "Hello" // what the database says
	node := func(name string, near cache.Cache) (*coherent.Cache, func()) {
		backend, err := tiered.New(near, far)
		if err != nil {
			panic(err)
		}
		store, err := coherent.New(backend, nil)
		if err != nil {
			panic(err)
		}
		return store, func() {
			got, err := coherent.Fetch(ctx, store, "post:1", time.Hour,
				func(_ context.Context, deps *coherent.Deps) (string, error) {
					fmt.Println(name, "renders")
					deps.AddGroups("post:1")
					return title, nil
				})
			fmt.Println(name, "shows", got, err)
		}
	}
	a, showA := node("A", nearA)
	defer a.Close()
	b, showB := node("B", nearB)
	defer b.Close()
	showA()
	showB() // finds it in the far tier
	title = "Hello, world"
	if err := a.Purge(ctx, cache.Event{Dependencies: []cache.Dependency{cache.Group("post:1")}}); err != nil {
		panic(err)
	}
	showB()
	showA()
	// Output:
	// A renders
	// A shows Hello <nil>
	// B shows Hello <nil>
	// B renders
	// B shows Hello, world <nil>
	// A shows Hello, world <nil>
}
