// Hello is the program of the README: one page, one record, and a save that
// un-caches it.
package main

import (
	"fmt"
	"log"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/keys/route"
)

type Post struct{ Slug, Title string }

var postPage = route.MustParse("GET /blog/{slug}/{$}")

func main() {
	var post atomic.Pointer[Post] // in place of a database
	post.Store(&Post{Slug: "hello", Title: "Hello"})
	pages, err := pagecache.Open(memory.New(nil), &pagecache.Options{TTL: 10 * time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	inv := invalidate.New(pages, nil)
	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) {
		to.Route(postPage, p.Slug)
	})

	mux := http.NewServeMux()
	mux.HandleFunc(postPage.Pattern(), func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s, rendered at %s\n", post.Load().Title, time.Now().Format(time.TimeOnly))
	})
	mux.HandleFunc("POST /save", func(w http.ResponseWriter, r *http.Request) {
		p := &Post{Slug: "hello", Title: r.FormValue("title")}
		post.Store(p)
		if err := inv.Invalidate(r.Context(), p); err != nil { // saved, but shown as before
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	fmt.Println("http://localhost:8080/blog/hello/")
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", pages.Handler(mux)))
}
