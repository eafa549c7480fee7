package bounded_test

import (
	"context"
	"fmt"
	"time"

	"github.com/uncache/uncache/backend/bounded"
)

func Example() {
	store, err := bounded.New(&bounded.Options{MaxBytes: 64 << 20})
	if err != nil {
		fmt.Println(err)
		return
	}
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

// A crawler walks through an archive of a thousand pages, and ten fit. The page
// that visitors ask for stays.
func ExampleBackend_Stats() {
	const size = 10 << 10
	store, err := bounded.New(&bounded.Options{MaxBytes: 10 * (size + 20 + bounded.EntryOverhead)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	page := make([]byte, size)
	visit := func(path string) bool {
		if _, ok := store.GetLocal([]byte(path)); ok {
			return true
		}
		store.SetLocal(path, page, len(page), time.Hour)
		return false
	}

	for range 10 {
		visit("/")
	}
	for i := range 1000 {
		visit(fmt.Sprintf("/archive/%d/", i))
	}
	st := store.Stats()
	fmt.Println(visit("/"), st.Entries <= 10, st.Evicted > 900)
	// Output:
	// true true true
}
