package coherent_test

import (
	"context"
	"fmt"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

func ExampleFetch() {
	backend := memory.New(nil)
	defer backend.Close()
	c, err := coherent.New(backend, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	comments := 12 // what the database says
	count := func() int {
		n, err := coherent.Fetch(context.Background(), c, "comments:hello", time.Hour,
			func(ctx context.Context, deps *coherent.Deps) (int, error) {
				fmt.Println("counting")
				deps.AddGroups("comments:hello")
				return comments, nil
			})
		if err != nil {
			fmt.Println(err)
		}
		return n
	}
	fmt.Println(count())
	fmt.Println(count())

	comments++
	_ = c.Purge(context.Background(), cache.Event{
		Dependencies: []cache.Dependency{cache.Group("comments:hello")},
	})
	fmt.Println(count())
	// Output:
	// counting
	// 12
	// 12
	// counting
	// 13
}
