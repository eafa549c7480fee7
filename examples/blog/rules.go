package main

import (
	"github.com/uncache/uncache/examples/blog/internal/posts"
	"github.com/uncache/uncache/invalidate"
)

// register says, once, what a post changes when it is saved. A post that is
// given another slug or other authors is passed as it was and as it is, so the
// rule names what stood on either.
func register(inv *invalidate.Invalidator) {
	invalidate.Register(inv, func(p *posts.Post, to *invalidate.Targets) {
		to.Route(postPage, p.Slug)
		to.Route(blogIndex) // whatever the query string: all its pages
		to.Route(rssFeed)
		to.Route(atomFeed)
		for _, name := range p.Authors {
			to.Group(authorGroup(name))
		}
	})
}

// authorGroup is the group of the pages that list an author's posts. The
// handler of such a page joins it; see [node.author].
func authorGroup(name string) string { return "author:" + name }
