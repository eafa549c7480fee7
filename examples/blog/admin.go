package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/uncache/uncache/examples/blog/internal/posts"
	"github.com/uncache/uncache/invalidate/admin"
)

// adminPath is where operators look. It is no route of the blog, and not cached.
const adminPath = "/uncache/"

// admin puts the page for operators beside the blog. Only a browser on this machine gets
// in: a site with visitors from elsewhere asks for a session.
func (n *node) admin(opts admin.Options, next http.Handler) (http.Handler, error) {
	opts.Invalidator, opts.Origin, opts.AllowChanges = n.inv, n.site.base, true
	opts.Models = map[string]func(context.Context, string) (any, error){
		"post": func(ctx context.Context, slug string) (any, error) {
			return posts.Get(ctx, n.site.store.DB(), slug)
		},
	}
	h, err := admin.New(n.pages, admin.Loopback, &opts)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, adminPath) {
			h.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	}), nil
}
