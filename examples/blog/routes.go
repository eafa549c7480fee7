package main

import (
	"fmt"

	"github.com/uncache/uncache/keys/route"
)

// Every URL of the blog is written here, once. The mux serves these routes, the
// templates and feeds link to them, and the rules purge them.
//
// The {$} matters: "/blog/{slug}/" alone would serve everything below a post as
// that post, under paths that no rule names.
var (
	home       = route.MustParse("GET /{$}")
	blogIndex  = route.MustParse("GET /blog/{$}")
	postPage   = route.MustParse("GET /blog/{slug}/{$}")
	authorPage = route.MustParse("GET /author/{name}/{$}")
	rssFeed    = route.MustParse("GET /rss/blog/{$}")
	atomFeed   = route.MustParse("GET /atom/blog/{$}")
	editForm   = route.MustParse("/edit/{slug}/{$}") // shown by GET, saved by POST
	styleSheet = route.MustParse("GET /style.css")
	otherwise  = route.MustParse("/")
)

// pageParam is the one query parameter that the blog looks at.
const pageParam = "page"

// indexURL is the URL of the n-th page of the index.
func indexURL(n int) (string, error) {
	path, err := blogIndex.Path()
	if err != nil || n <= 1 {
		return path, err
	}
	return fmt.Sprintf("%s?%s=%d", path, pageParam, n), nil
}
