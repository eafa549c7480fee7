package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/uncache/uncache/examples/blog/internal/posts"
)

// The page for operators says who purged a post, and what its next save would purge. Only
// this machine gets in.
func TestAdmin(t *testing.T) {
	s := serving(t, config{outbox: true})
	list, err := posts.Newest(t.Context(), s.blog.site.store.DB(), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	slug := list[0].Slug
	page := path(t)(postPage.Path(slug))
	s.quietly(s.at, page)
	s.want(t, s.form(path(t)(editForm.Path(slug)), url.Values{"title": {"Seen by an operator"}}), status(http.StatusSeeOther))
	got := s.do(http.MethodGet, s.at+adminPath+"?"+url.Values{"url": {page}, "model": {"post"}, "id": {slug}}.Encode(), nil)
	s.want(t, got, ok200, shows("The handler would be asked"), shows("posts.Post 1 saved"), shows("node 1"), shows("path:/rss/blog/"), shows("Outbox"))
	if strings.Contains(got.header.Get("Cache-Status"), "uncache") {
		t.Errorf("the page went through the cache: %s", got.header.Get("Cache-Status"))
	}

	r := httptest.NewRequest(http.MethodGet, adminPath, nil)
	r.RemoteAddr = "203.0.113.9:1234"
	w := httptest.NewRecorder()
	s.blog.nodes[0].handler.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("from elsewhere: %d, want 403", w.Code)
	}
}
