package cache_test

import (
	"testing"

	"github.com/uncache/uncache/cache"
)

func TestRoutesAreComparedByWhatTheyMatch(t *testing.T) {
	for pattern, want := range map[string]cache.Dependency{
		"":                             "route:",
		"/":                            "route:/",
		"GET /":                        "route:/",
		"GET \t /blog/{slug}":          "route:/blog/{}",
		"POST /blog/{id}":              "route:/blog/{}",
		"/blog/{slug}/{$}":             "route:/blog/{}/{$}",
		"/blog/{slug}/":                "route:/blog/{}/",
		"/files/{path...}":             "route:/files/",
		"GET /files/":                  "route:/files/",
		"GET example.com/{a}/x/{b...}": "route:example.com/{}/x/",
		"/blog/{}/{$}":                 "route:/blog/{}/{$}", // is the same again
		"/blog/:slug":                  "route:/blog/:slug",  // of another router
		"/blog/{slug:[a-z]+}":          "route:/blog/{}",
		"/a b/{c}":                     "route:/a b/{}",
		"blog.show":                    "route:blog.show",
		"blog show":                    "route:blog show",
		"/blog/{slug}.html":            "route:/blog/{slug}.html",
	} {
		if got := cache.Route(pattern); got != want {
			t.Errorf("Route(%q) = %q, want %q", pattern, got, want)
		}
	}
}
