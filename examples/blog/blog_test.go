package main

import (
	"encoding/xml"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/uncache/uncache/examples/blog/internal/posts"
	"github.com/uncache/uncache/internal/redistest"
)

// serving starts a blog for a test, and a story to talk to it.
func serving(t *testing.T, cfg config) *story {
	t.Helper()
	cfg.addr = "127.0.0.1:0"
	cfg.nodes = max(1, cfg.nodes)
	cfg.prefix = "test:"
	b, err := start(t.Context(), cfg, func(err error) { t.Log(err) })
	if err != nil {
		t.Fatal(err)
	}
	s := &story{ctx: t.Context(), client: newBrowser(), blog: b, at: b.nodes[0].url}
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *story) want(t *testing.T, got seen, wanted ...want) {
	t.Helper()
	for _, w := range wanted {
		if got.err != nil || !w.is(got) {
			t.Errorf("%s: %v; want %s", got.request, got, w.say)
		}
	}
}

func (s *story) form(path string, form url.Values) seen {
	return s.do(http.MethodPost, s.at+path, form)
}

func path(t *testing.T) func(string, error) string {
	return func(p string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
}

var hrefs = regexp.MustCompile(`href="([^"#]+)"`)

// crawl asks for every page that can be reached from the index, and returns
// their paths.
func (s *story) crawl(t *testing.T) []string {
	t.Helper()
	var all []string
	known := map[string]bool{}
	next := []string{path(t)(indexURL(1))}
	for len(next) > 0 {
		p := next[0]
		next = next[1:]
		if known[p] || strings.Contains(p, "://") {
			continue
		}
		known[p] = true
		all = append(all, p)
		got := s.quietly(s.at, p)
		s.want(t, got, ok200, want{"a Cache-Status", func(s seen) bool { return s.cacheStatus != "" }})
		if strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			for _, m := range hrefs.FindAllStringSubmatch(got.body, -1) {
				next = append(next, html.UnescapeString(m[1]))
			}
		}
	}
	return all
}

// Of all the pages of the blog, a save un-caches those that it changes.
func TestSaveUncachesNothingElse(t *testing.T) {
	s := serving(t, config{})
	pages := s.crawl(t)
	if len(pages) < 2*200+22+5+2+1 { // posts and their forms, the index, authors, feeds, the style
		t.Errorf("%d pages were found, want all", len(pages))
	}
	list, err := posts.Newest(t.Context(), s.blog.site.store.DB(), 40, 1)
	if err != nil {
		t.Fatal(err)
	}
	s.post = list[0]
	edit := path(t)(editForm.Path(s.post.Slug))
	s.want(t, s.form(edit, url.Values{"authors": {"Ada, Somebody New"}}), status(http.StatusSeeOther))
	intended := map[string]bool{}
	for _, p := range []string{
		path(t)(postPage.Path(s.post.Slug)), path(t)(rssFeed.Path()), path(t)(atomFeed.Path()),
		path(t)(authorPage.Path("Ada")), path(t)(authorPage.Path(s.post.Authors[0])),
	} {
		intended[p] = true
	}
	index := path(t)(indexURL(1))
	forms := strings.TrimSuffix(edit, s.post.Slug+"/")
	for _, p := range pages {
		got := s.quietly(s.at, p)
		switch {
		case intended[p], p == index, strings.HasPrefix(p, index+"?"), strings.HasPrefix(p, forms):
			s.want(t, got, ok200, miss)
		default:
			s.want(t, got, ok200, hit)
		}
	}
}

// That there is no such page, or author, is an answer that a save can change.
func TestSaveUncachesNotFound(t *testing.T) {
	s := serving(t, config{})
	list, err := posts.Newest(t.Context(), s.blog.site.store.DB(), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	edit := path(t)(editForm.Path(list[0].Slug))
	author, post := path(t)(authorPage.Path("Zoë/x")), path(t)(postPage.Path("brand-new"))
	dots := path(t)(authorPage.Path("Zoë/../x")) // has no key: it may be "/author/x/" to a handler
	s.want(t, s.quietly(s.at, dots), status(http.StatusNotFound))
	for _, p := range []string{author, post} {
		s.want(t, s.quietly(s.at, p), status(http.StatusNotFound))
		s.want(t, s.quietly(s.at, p), status(http.StatusNotFound), hit)
	}
	s.want(t, s.form(edit, url.Values{"authors": {"Zoë/x, Zoë/../x"}, "slug": {"brand-new"}}), leadsTo(post))
	for _, p := range []string{author, dots, post} {
		s.want(t, s.quietly(s.at, p), ok200, shows(list[0].Title))
	}
}

func TestHostilePosts(t *testing.T) {
	s := serving(t, config{posts: "internal/mdfiles/testdata/flat"})
	pages := s.crawl(t)
	if len(pages) != 1+2*2+2+2+1 {
		t.Errorf("%d pages were found, want 10: %q", len(pages), pages)
	}
	for _, p := range pages {
		got := s.quietly(s.at, p)
		body := strings.ToLower(got.body)
		for _, bad := range []string{"<script", "<img", `"javascript:`, "<b "} {
			if strings.Contains(body, bad) {
				t.Errorf("%s has %q:\n%s", p, bad, got.body)
			}
		}
		if csp := got.header.Get("Content-Security-Policy"); strings.Contains(body, "<html") && !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s has the policy %q", p, csp)
		}
	}
}

func TestFeeds(t *testing.T) {
	s := serving(t, config{})
	var rss struct {
		Channel struct {
			Items []struct {
				Link string `xml:"link"`
			} `xml:"item"`
		} `xml:"channel"`
	}
	var atom struct {
		Entries []struct {
			Link struct {
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	for p, doc := range map[string]any{path(t)(rssFeed.Path()): &rss, path(t)(atomFeed.Path()): &atom} {
		got := s.quietly(s.at, p)
		s.want(t, got, ok200)
		if err := xml.Unmarshal([]byte(got.body), doc); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
	if len(rss.Channel.Items) != inFeed || len(atom.Entries) != inFeed {
		t.Fatalf("%d and %d entries, want %d", len(rss.Channel.Items), len(atom.Entries), inFeed)
	}
	for i, item := range rss.Channel.Items {
		if item.Link != atom.Entries[i].Link.Href {
			t.Errorf("entry %d is %s in RSS and %s in Atom", i, item.Link, atom.Entries[i].Link.Href)
		}
		s.want(t, s.do(http.MethodGet, item.Link, nil), ok200)
	}
}

func TestPages(t *testing.T) {
	s := serving(t, config{})
	index := path(t)(indexURL(1))
	for _, tt := range []struct {
		path   string
		wanted []want
	}{
		{"/", []want{status(http.StatusFound), leadsTo(index)}},
		{index + "?page=1", []want{ok200}},
		{index + "?page=22", []want{ok200, shows("Page 22 of 22")}},
		{index + "?page=23", []want{status(http.StatusNotFound)}},
		{index + "?page=0", []want{status(http.StatusNotFound)}},
		{index + "?page=x", []want{status(http.StatusNotFound)}},
		{index + "?page=99999999999999999999", []want{status(http.StatusNotFound)}},
		{index + "no-such-post/", []want{status(http.StatusNotFound)}},
		{"/no/such/page", []want{status(http.StatusNotFound), noStore}},
		{path(t)(postPage.Path("peas-on-a-net")) + "below", []want{status(http.StatusNotFound)}},
	} {
		s.want(t, s.quietly(s.at, tt.path), append(tt.wanted, miss)...)
	}
	s.want(t, s.quietly(s.at, index+"?utm_source=x"), ok200)
	s.want(t, s.quietly(s.at, index), ok200, hit) // a parameter that does not count
	s.want(t, s.quietly(s.at, strings.TrimSuffix(path(t)(postPage.Path("peas-on-a-net")), "/")),
		leadsTo(path(t)(postPage.Path("peas-on-a-net"))))
}

func TestEdit(t *testing.T) {
	s := serving(t, config{})
	edit := path(t)(editForm.Path("peas-on-a-net"))
	post := path(t)(postPage.Path("peas-on-a-net"))
	for _, tt := range []struct {
		form   url.Values
		wanted []want
	}{
		{url.Values{"title": {" "}}, []want{status(http.StatusUnprocessableEntity), shows("Not saved: the title is empty.")}},
		{url.Values{"slug": {"a/b"}}, []want{status(http.StatusUnprocessableEntity), shows("a/b")}},
		{url.Values{"authors": {" , .."}}, []want{status(http.StatusUnprocessableEntity)}},
		{url.Values{"slug": {"spoons"}}, []want{status(http.StatusConflict), shows("another post is called spoons")}},
		{url.Values{"body": {strings.Repeat("x", 4*posts.MaxBody)}}, []want{status(http.StatusBadRequest)}},
		{url.Values{"body": {strings.Repeat("x", posts.MaxBody+1)}}, []want{status(http.StatusUnprocessableEntity)}},
	} {
		s.quietly(s.at, post)
		s.want(t, s.form(edit, tt.form), append(tt.wanted, noStore, miss)...)
		s.want(t, s.quietly(s.at, post), ok200, hit, shows("Peas on a net")) // what is not saved is not purged
	}
	s.want(t, s.form(path(t)(editForm.Path("nothing")), url.Values{"title": {"x"}}), status(http.StatusNotFound), noStore)
	s.want(t, s.do(http.MethodDelete, s.at+edit, nil), status(http.StatusMethodNotAllowed), noStore)
	s.want(t, s.form(edit, url.Values{"body": {"\r\none\r\n\r\n<script>two"}, "title": {"A \"title\"\n& more"}}),
		status(http.StatusSeeOther), leadsTo(post))
	s.want(t, s.quietly(s.at, edit), ok200, noStore, shows("\none\n\n<script>two"), shows(`A "title" & more`))
}

func TestForeignSiteCannotSave(t *testing.T) {
	s := serving(t, config{})
	edit := s.at + path(t)(editForm.Path("peas-on-a-net"))
	for name, origin := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, edit, strings.NewReader("title=stolen"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set(name, origin)
		res, err := s.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden || res.Header.Get("Cache-Status") == "" {
			t.Errorf("POST with %s: %s: %s, Cache-Status %q; want 403 and one", name, origin, res.Status, res.Header.Get("Cache-Status"))
		}
	}
	s.want(t, s.quietly(s.at, path(t)(postPage.Path("peas-on-a-net"))), ok200, shows("Peas on a net"))
}

// Without Redis the blog goes on, slower; a save is kept, and says what it
// could not do.
func TestRedisIsGone(t *testing.T) {
	server := redistest.New(t, redistest.Config{})
	s := serving(t, config{redis: server.Options().Addr})
	edit, post := path(t)(editForm.Path("spoons")), path(t)(postPage.Path("spoons"))
	s.quietly(s.at, post)
	s.want(t, s.quietly(s.at, post), ok200, hit)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	s.want(t, s.quietly(s.at, post), ok200, miss)
	s.want(t, s.form(edit, url.Values{"title": {"Forks"}}), status(http.StatusBadGateway), noStore, shows("Saved, but"))
	s.want(t, s.quietly(s.at, post), ok200, miss, shows("Forks"))
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.want(t, s.form(edit, url.Values{"title": {"Knives"}}), status(http.StatusSeeOther))
	s.want(t, s.quietly(s.at, post), ok200, shows("Knives"))
}
