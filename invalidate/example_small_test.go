package invalidate_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/keys"
)

// A bare cache without a log: a handler stores its page under prefix + path + digest,
// and a save deletes that key.
func ExampleKeys_store() {
	title := "Hello"

	store := memory.New(nil) // any cache.Cache: Get, Set, Delete
	defer store.Close()
	builder, err := keys.New("page", &keys.Options{Hosts: []string{"example.com"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	showPost := func(w http.ResponseWriter, r *http.Request) { // for GET: the method is not in the key
		key := builder.Request(r)
		page, ok, err := store.Get(r.Context(), key.String())
		if err != nil || !ok {
			page = fmt.Appendf(nil, "%s under %q", title, key)
			if key.Valid() { // another host has no key
				_ = store.Set(r.Context(), key.String(), page, time.Hour)
			}
		}
		_, _ = w.Write(page)
	}
	inv := invalidate.New(invalidate.Keys(store, builder), nil)
	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) {
		to.Path("/blog/" + p.Slug + "/")
	})

	get := func(url string) {
		w := httptest.NewRecorder()
		showPost(w, httptest.NewRequest("GET", url, nil))
		fmt.Println(w.Body)
	}
	const post, elsewhere = "http://example.com/blog/hello/", "http://localhost/blog/hello/"
	get(post)
	get(elsewhere)
	title = "Bonjour"
	get(post)
	get(elsewhere)
	fmt.Println(inv.Invalidate(context.Background(), &Post{Slug: "hello"}))
	get(post)
	// Output:
	// Hello under "page:example.com/blog/hello/:72de31c2654c153d5ff36bd7f80fb1e3"
	// Hello under ""
	// Hello under "page:example.com/blog/hello/:72de31c2654c153d5ff36bd7f80fb1e3"
	// Bonjour under ""
	// <nil>
	// Bonjour under "page:example.com/blog/hello/:72de31c2654c153d5ff36bd7f80fb1e3"
}
