package main

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/examples/blog/internal/markdown"
	"github.com/uncache/uncache/examples/blog/internal/posts"
)

const perPage = 10

const noPost = "There is no post of that name."

// mux has every route of the blog. The handlers are those of a blog without a
// cache, but for one line in author.
func (n *node) mux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(home.Pattern(), n.home)
	mux.HandleFunc(blogIndex.Pattern(), n.index)
	mux.HandleFunc(postPage.Pattern(), n.post)
	mux.HandleFunc(authorPage.Pattern(), n.author)
	mux.HandleFunc(rssFeed.Pattern(), n.rss)
	mux.HandleFunc(atomFeed.Pattern(), n.atom)
	mux.HandleFunc(editForm.Pattern(), n.edit)
	mux.HandleFunc(styleSheet.Pattern(), n.style)
	mux.HandleFunc(otherwise.Pattern(), n.otherwise)
	return http.NewCrossOriginProtection().Handler(mux)
}

func (n *node) home(w http.ResponseWriter, r *http.Request) {
	path, err := blogIndex.Path()
	if err != nil {
		n.fail(w, err)
		return
	}
	http.Redirect(w, r, path, http.StatusFound)
}

// listed is a post in a list.
type listed struct {
	*posts.Post
	Excerpt string
}

func (n *node) index(w http.ResponseWriter, r *http.Request) {
	page := 1
	if q := r.URL.Query().Get(pageParam); q != "" {
		var err error
		if page, err = strconv.Atoi(q); err != nil || page < 1 || page > 1e6 {
			n.notFound(w, "There is no such page.")
			return
		}
	}
	count, err := posts.Count(r.Context(), n.site.store.DB())
	if err != nil {
		n.fail(w, err)
		return
	}
	last := max(1, (count+perPage-1)/perPage)
	if page > last {
		n.notFound(w, "There is no such page.")
		return
	}
	list, err := posts.Newest(r.Context(), n.site.store.DB(), (page-1)*perPage, perPage)
	if err != nil {
		n.fail(w, err)
		return
	}
	data := struct {
		Posts      []listed
		Count      int
		Page, Last int
	}{Count: count, Page: page, Last: last}
	for _, p := range list {
		data.Posts = append(data.Posts, listed{p, summary(p)})
	}
	n.render(w, http.StatusOK, "index", "", data)
}

// summary is what lists and feeds say of a post.
func summary(p *posts.Post) string {
	if p.Summary != "" {
		return p.Summary
	}
	return markdown.Excerpt(p.Body, 240)
}

func (n *node) post(w http.ResponseWriter, r *http.Request) {
	p, err := posts.Get(r.Context(), n.site.store.DB(), r.PathValue("slug"))
	switch {
	case errors.Is(err, posts.ErrNotFound):
		n.notFound(w, noPost)
		return
	case err != nil:
		n.fail(w, err)
		return
	}
	if n.site.afterRead != nil {
		n.site.afterRead(r.Context(), p.Slug)
	}
	body, err := markdown.HTML(p.Body)
	if err != nil {
		n.fail(w, err)
		return
	}
	n.render(w, http.StatusOK, "post", p.Title, struct {
		*posts.Post
		HTML any
	}{p, body})
}

func (n *node) author(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	// Before anything else: that there is no such author is also an answer that
	// a save can change.
	pagecache.AddGroups(r.Context(), authorGroup(name))
	list, err := posts.By(r.Context(), n.site.store.DB(), name)
	switch {
	case err != nil:
		n.fail(w, err)
		return
	case len(list) == 0:
		n.notFound(w, "Nobody of that name has written here.")
		return
	}
	n.render(w, http.StatusOK, "author", name, struct {
		Name  string
		Posts []*posts.Post
		Since int
	}{name, list, slices.MinFunc(list, func(a, b *posts.Post) int { return a.Published.Compare(b.Published) }).Published.Year()})
}

// otherwise answers what no route does.
func (n *node) otherwise(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store") // or guessed URLs would be stored, one by one
	n.notFound(w, "There is nothing at this address.")
}
