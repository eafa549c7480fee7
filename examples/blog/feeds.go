package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/uncache/uncache/examples/blog/internal/feed"
	"github.com/uncache/uncache/examples/blog/internal/posts"
	"github.com/uncache/uncache/keys/route"
)

const inFeed = 20

func (n *node) rss(w http.ResponseWriter, r *http.Request) {
	n.feed(w, r, rssFeed, "application/rss+xml; charset=utf-8", (*feed.Feed).RSS)
}

func (n *node) atom(w http.ResponseWriter, r *http.Request) {
	n.feed(w, r, atomFeed, "application/atom+xml; charset=utf-8", (*feed.Feed).Atom)
}

func (n *node) feed(w http.ResponseWriter, r *http.Request, self route.Route, contentType string, write func(*feed.Feed, io.Writer) error) {
	list, err := posts.Newest(r.Context(), n.site.store.DB(), 0, inFeed)
	if err != nil {
		n.fail(w, err)
		return
	}
	f, err := n.site.feed(list, self)
	if err != nil {
		n.fail(w, err)
		return
	}
	var b bytes.Buffer
	if err := write(f, &b); err != nil {
		n.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Write(b.Bytes())
}

func (s *site) feed(list []*posts.Post, self route.Route) (*feed.Feed, error) {
	selfPath, err := self.Path()
	if err != nil {
		return nil, err
	}
	home, err := blogIndex.Path()
	if err != nil {
		return nil, err
	}
	f := &feed.Feed{
		Title:       s.title,
		Description: s.about,
		ID:          id("feed"),
		Home:        s.base + home,
		Self:        s.base + selfPath,
		Updated:     time.Unix(0, 0),
	}
	for _, p := range list {
		path, err := postPage.Path(p.Slug)
		if err != nil {
			return nil, err
		}
		f.Entries = append(f.Entries, feed.Entry{
			ID:        id(fmt.Sprintf("post/%d", p.ID)),
			Title:     p.Title,
			Summary:   summary(p),
			Link:      s.base + path,
			Authors:   p.Authors,
			Tags:      p.Tags,
			Published: p.Published,
			Updated:   p.Updated,
		})
		if p.Updated.After(f.Updated) {
			f.Updated = p.Updated
		}
	}
	return f, nil
}

// id is a tag URI (RFC 4151): a name that stays when the blog moves and a post
// is given another slug.
func id(what string) string { return "tag:blog.example,2026:" + what }
