package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache"
)

// ask makes a request with header fields.
func (s *story) ask(t *testing.T, path string, fields ...string) seen {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.at+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return seen{request: "GET " + path, status: res.StatusCode, header: res.Header, cacheStatus: res.Header.Get("Cache-Status")}
}

// frameOf is what the frame says on a page.
func (s *story) frameOf(t *testing.T, page string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.at+stripPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Referer", s.at+page)
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var b strings.Builder
	if err := res.Write(&b); err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("the frame: %s, %v, Cache-Control %q; want 200, no-store", res.Status, err, res.Header.Get("Cache-Control"))
	}
	return b.String()
}

// A page's Server-Timing says what its Cache-Status and Age say, whatever the
// answer is; the page's bytes stay what they are.
func TestServerTimingRepeatsCacheStatus(t *testing.T) {
	s := serving(t, config{})
	post, edit := path(t)(postPage.Path("spoons")), path(t)(editForm.Path("spoons"))
	first, second := s.quietly(s.at, post), s.quietly(s.at, post)
	if first.hit() || !second.hit() || first.body != second.body {
		t.Errorf("the page, twice: %v and %v; want a miss and a hit with the same bytes", first, second)
	}
	again := s.ask(t, post, "If-None-Match", second.header.Get("ETag"))
	s.want(t, again, status(http.StatusNotModified))
	saved := s.form(edit, url.Values{"title": {"Forks"}})
	for _, got := range []seen{
		first, second, again, saved, s.quietly(s.at, post), s.quietly(s.at, edit),
		s.quietly(s.at, "/nothing/here"), s.quietly(s.at, path(t)(rssFeed.Path())),
	} {
		want := fmt.Sprintf(`store;desc="%s", age;desc="%s"`, got.cacheStatus, got.header.Get("Age"))
		if all := got.header.Values("Server-Timing"); got.cacheStatus == "" || len(all) != 1 || all[0] != want {
			t.Errorf("%s: Server-Timing %q, want %s", got.request, all, want)
		}
	}
}

// On every page there is the frame, and no script.
func TestEveryPageHasTheStrip(t *testing.T) {
	s := serving(t, config{})
	for _, p := range []string{
		path(t)(indexURL(1)), path(t)(indexURL(2)), path(t)(postPage.Path("spoons")), path(t)(authorPage.Path("Chidi")),
		path(t)(editForm.Path("spoons")), path(t)(postPage.Path("no-such-post")), "/nothing/here",
	} {
		got := s.quietly(s.at, p)
		csp := got.header.Get("Content-Security-Policy")
		if !strings.Contains(got.body, `<iframe src="`+stripPath+`"`) || strings.Contains(got.body, "<script") || !strings.Contains(csp, "frame-src 'self'") || strings.Contains(csp, "script-src") {
			t.Errorf("%s: want the frame and no script; policy %q:\n%s", p, csp, got.body)
		}
	}
}

// After a save the frame tells of the event, of all that it purged and by which
// rule, on the pages that it purged and on no other.
func TestFrameSaysWhatWasPurged(t *testing.T) {
	s := serving(t, config{})
	post := func(slug string) string { return path(t)(postPage.Path(slug)) }
	author := func(name string) string { return path(t)(authorPage.Path(name)) }
	const reason = "the blog was started with a new database"
	if got := s.frameOf(t, post("spoons")); !strings.Contains(got, reason) {
		t.Errorf("before any save the frame says %s", got)
	}
	s.want(t, s.form(path(t)(editForm.Path("spoons")), url.Values{"slug": {"forks"}, "authors": {"Chidi, Zoë/x"}}), leadsTo(post("forks")))
	for _, p := range []string{post("spoons"), post("forks"), path(t)(indexURL(1)), path(t)(indexURL(2)), author("Chidi"), author("Zoë/x")} {
		got := s.frameOf(t, p)
		e, ok := s.blog.nodes[0].journal.last(t.Context(), []cache.Dependency{cache.Path(post("forks"))})
		if !ok || !strings.Contains(got, fmt.Sprintf("Event %d ", e.Position)) || !strings.Contains(got, "<b>"+e.Reason+"</b> on node 1") || !strings.Contains(got, "<details open>") {
			t.Errorf("on %s the frame says %s; want event %d, %q, open", p, got, e.Position, e.Reason)
		}
		for _, d := range []cache.Dependency{"group:author:Chidi", "group:author:Zoë/x", "path:/blog/", "path:/blog/spoons/", "path:/blog/forks/", "path:/rss/blog/", "path:/atom/blog/"} {
			if line := fmt.Sprintf("<li><code>%s</code> posts.Post ", d); !strings.Contains(got, line) {
				t.Errorf("on %s the frame says %s; want %s", p, got, line)
			}
		}
	}
	for _, p := range []string{post("peas-on-a-net"), author("Ada"), path(t)(editForm.Path("forks"))} {
		if got := s.frameOf(t, p); !strings.Contains(got, reason) || strings.Contains(got, "saved") {
			t.Errorf("on %s, which was not purged, the frame says %s", p, got)
		}
	}
}

// A pagedLog answers in pages, or not at all.
type pagedLog struct {
	events []cache.Event
	page   int
	err    error
	asked  int
}

func (l *pagedLog) Append(context.Context, cache.Event) (cache.Position, error) {
	return 0, errors.New("read only")
}

func (l *pagedLog) Since(_ context.Context, after cache.Position) (cache.Events, error) {
	l.asked++
	rest := l.events[after:]
	page := rest[:min(l.page, len(rest))]
	return cache.Events{Head: cache.Position(len(l.events)), From: after, List: page, More: len(page) < len(rest)}, l.err
}

func TestJournalKeepsTheLatest(t *testing.T) {
	log := &pagedLog{page: 7}
	for i := range 3 * journalSize {
		log.events = append(log.events, cache.Event{Position: cache.Position(i + 1), Dependencies: []cache.Dependency{cache.Group(fmt.Sprint(i % 2)), cache.Group(fmt.Sprint("only", i))}})
	}
	j := &journal{log: log}
	find := func(name string) cache.Position {
		e, _ := j.last(t.Context(), []cache.Dependency{"unknown", cache.Group(name)})
		return e.Position
	}
	if got := find("0"); got != 3*journalSize-1 {
		t.Errorf("the latest event of a group is %d, want %d", got, 3*journalSize-1)
	}
	if got := find("only5"); got != 0 || len(j.events) != journalSize {
		t.Errorf("an event of long ago: %d; %d are kept, want none and %d", got, len(j.events), journalSize)
	}
	log.asked, log.err = 0, errors.New("away")
	if got := find("1"); got != 3*journalSize || log.asked != 1 {
		t.Errorf("while the log is away the latest event is %d after %d questions, want %d after 1", got, log.asked, 3*journalSize)
	}
	log.err = nil
	log.events = append(log.events, cache.Event{Position: 3*journalSize + 1, Dependencies: []cache.Dependency{cache.Group("1")}})
	if got := find("1"); got != 3*journalSize+1 {
		t.Errorf("the latest event is %d, want the new one, %d", got, 3*journalSize+1)
	}
}

// What a person sees.
func TestBrowserShowsWhereAPageCameFrom(t *testing.T) {
	v := newVisit(t)
	s := serving(t, config{})
	post := path(t)(postPage.Path("spoons"))
	for _, step := range []struct {
		what string
		want []string
	}{
		{"first", []string{"Rendered for you.", "uncache; fwd=miss; stored"}},
		{"again, with a validator", []string{"From the store.", "nothing on it was saved since", "uncache; hit; ttl="}},
		{"after a save", []string{"Rendered for you.", "had been purged", "detail=purged", "Event ", "posts.Post 164 saved", "<code>path:/rss/blog/</code> posts.Post 164"}},
	} {
		if step.what == "after a save" {
			s.want(t, s.form(path(t)(editForm.Path("spoons")), url.Values{"title": {"Forks"}}), status(http.StatusSeeOther))
		}
		got := v.open(t, s.at+post)
		for _, want := range step.want {
			if _, strip, _ := strings.Cut(got, `class="strip"`); !strings.Contains(strip, want) {
				t.Errorf("%s: the page does not say %q: %.2000s", step.what, want, strip)
			}
		}
		if strings.Contains(got, "<iframe") {
			t.Errorf("%s: the frame is still there", step.what)
		}
	}
}
