package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/uncache/uncache/examples/blog/internal/posts"
)

// demonstrate plays the story against a blog of its own, over HTTP, and returns
// an error if anything was not as expected.
func demonstrate(ctx context.Context, cfg config, stdout io.Writer, report func(error)) (err error) {
	g := new(gate)
	cfg.addr, cfg.prefix = "127.0.0.1:0", "uncache-demo:"
	var away outage
	cfg.prepare = func(s *site) {
		s.afterRead = g.pass
		s.purgeFails = away.err
	}
	elsewhere := report
	report = func(err error) {
		if !away.is(err) { // which is played, and told in the story
			elsewhere(err)
		}
	}
	b, err := start(ctx, cfg, report)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	newest, err := posts.Newest(ctx, b.site.store.DB(), 0, perPage+1)
	if err != nil {
		return err
	}
	if len(newest) < 2 {
		return errors.New("-demo needs two posts at least: one to save and one to leave alone")
	}
	s := &story{
		ctx: ctx, out: stdout, gate: g, away: &away, blog: b, at: b.nodes[0].url,
		client: newBrowser(),
		post:   newest[0], other: newest[1], pages: (len(newest) + perPage - 1) / perPage,
	}
	defer s.client.CloseIdleConnections()
	type chapter struct {
		title string
		play  func() error
	}
	chapters := []chapter{
		{"Save, and it is gone", s.saveAndLook},
		{"A page is being rendered from the old row when the post is saved", s.fillRacesSave},
		{"The same, and somebody asks before the old page is ready", s.readerDuringRace},
		{"What a save un-caches, and what not", s.nothingElse},
		{"Another slug", s.rename},
		{"Other nodes", s.otherNodes},
	}
	if cfg.outbox {
		chapters = append(chapters, chapter{"The cache cannot be told", s.cacheIsAway})
	}
	for _, chapter := range chapters {
		s.chapter = chapter.title
		if err := chapter.play(); err != nil {
			return fmt.Errorf("demo: %s: %w", chapter.title, err)
		}
	}
	if s.failed > 0 {
		return fmt.Errorf("demo: %d of %d steps were not as expected", s.failed, s.steps)
	}
	fmt.Fprintf(stdout, "\nAll %d steps were as expected.\n", s.steps)
	return nil
}

func (s *story) saveAndLook() error {
	page, err := postPage.Path(s.post.Slug)
	if err != nil {
		return err
	}
	form, err := editForm.Path(s.post.Slug)
	if err != nil {
		return err
	}
	s.get(s.at, page, "the post, for the first time", ok200, miss)
	s.get(s.at, page, "again", ok200, hit)
	s.get(s.at, form, "the form", ok200, noStore, miss)
	s.get(s.at, form, "the form again, which is never stored", ok200, noStore, miss)
	s.save(s.at, "the first new title")
	s.get(s.at, page, "the post after the save", ok200, miss, shows("the first new title"))
	s.get(s.at, page, "again", ok200, hit, shows("the first new title"))
	return nil
}

func (s *story) fillRacesSave() error {
	page, err := postPage.Path(s.post.Slug)
	if err != nil {
		return err
	}
	s.save(s.at, "before the race")
	slow, err := s.slowly(s.at, page) // it has read "before the race"
	if err != nil {
		return err
	}
	s.note("a request has read the row, and is held before it renders it")
	s.save(s.at, "after the race")
	s.check("the slow page, which was begun before the save", slow.finish(), ok200, shows("before the race"))
	s.get(s.at, page, "asked after the save: the slow page has been stored, and is not served", ok200, miss, shows("after the race"))
	s.get(s.at, page, "again", ok200, hit, shows("after the race"))
	return nil
}

func (s *story) readerDuringRace() error {
	page, err := postPage.Path(s.post.Slug)
	if err != nil {
		return err
	}
	s.save(s.at, "before the second race")
	slow, err := s.slowly(s.at, page)
	if err != nil {
		return err
	}
	s.note("a request has read the row, and is held")
	s.save(s.at, "after the second race")
	s.get(s.at, page, "asked while the slow page is being rendered: neither waits for it nor gets it", ok200, miss, shows("after the second race"))
	s.check("the slow page", slow.finish(), ok200, shows("before the second race"))
	s.get(s.at, page, "asked when the slow page was stored too", ok200, shows("after the second race"))
	return nil
}

func (s *story) nothingElse() error {
	purged, err := s.dependents()
	if err != nil {
		return err
	}
	stays, err := postPage.Path(s.other.Slug)
	if err != nil {
		return err
	}
	kept := []string{stays}
	for _, name := range s.other.Authors {
		if !slices.Contains(s.post.Authors, name) {
			path, err := authorPage.Path(name)
			if err != nil {
				return err
			}
			kept = append(kept, path)
		}
	}
	for _, path := range slices.Concat(purged, kept) {
		s.quietly(s.at, path)
		s.get(s.at, path, "stored: "+path, ok200, hit)
	}
	s.save(s.at, "the title that lists show")
	for i, path := range purged {
		want := []want{ok200, miss}
		if i != secondPage(s.pages) {
			want = append(want, shows("the title that lists show"))
		}
		s.get(s.at, path, "purged: "+path, want...)
	}
	for _, path := range kept {
		s.get(s.at, path, "left alone: "+path, ok200, hit)
	}
	return nil
}

func (s *story) rename() error {
	const slug = "renamed-by-the-demonstration"
	before, err := postPage.Path(s.post.Slug)
	if err != nil {
		return err
	}
	after, err := postPage.Path(slug)
	if err != nil {
		return err
	}
	s.quietly(s.at, before)
	s.get(s.at, before, "the old URL", ok200, hit)
	s.get(s.at, after, "the new URL, before there is such a post", status(http.StatusNotFound))
	s.send(s.at, url.Values{"slug": {slug}}, fmt.Sprintf("save the post as %q", slug), status(http.StatusSeeOther), leadsTo(after))
	s.post.Slug = slug
	s.get(s.at, before, "the old URL", status(http.StatusNotFound), miss)
	s.get(s.at, after, "the new URL", ok200, miss)
	s.get(s.at, after, "again", ok200, hit)
	return nil
}

func (s *story) otherNodes() error {
	page, err := postPage.Path(s.post.Slug)
	if err != nil {
		return err
	}
	for i, n := range s.blog.nodes {
		next := s.blog.nodes[(i+1)%len(s.blog.nodes)]
		if next == n {
			return nil
		}
		title := "saved on " + n.name
		s.get(next.url, page, next.name+" has the page that another node stored", ok200, hit)
		s.save(n.url, title)
		s.get(next.url, page, next.name+", after "+n.name+" saved", ok200, miss, shows(title))
		s.get(n.url, page, n.name+", of what "+next.name+" has stored", ok200, hit, shows(title))
		if err := s.raceAcross(n, next, page); err != nil {
			return err
		}
	}
	return nil
}

// raceAcross is fillRacesSave with the fill on one node and the save on another.
func (s *story) raceAcross(saver, filler *node, page string) error {
	before, after := "before the race with "+filler.name, "after the race with "+filler.name
	s.save(saver.url, before)
	slow, err := s.slowly(filler.url, page)
	if err != nil {
		return err
	}
	s.note(filler.name + " has read the row, and is held before it renders it")
	s.save(saver.url, after)
	s.check(filler.name+"'s slow page, which was begun before the save", slow.finish(), ok200, shows(before))
	s.get(filler.url, page, filler.name+", asked after the save", ok200, miss, shows(after))
	s.get(saver.url, page, saver.name+", of what "+filler.name+" has stored", ok200, hit, shows(after))
	return nil
}

// dependents are the URLs, beside the post's own, that a save un-caches.
func (s *story) dependents() ([]string, error) {
	var all []string
	var errs []error
	add := func(path string, err error) { all, errs = append(all, path), append(errs, err) }
	for page := range min(s.pages, 2) {
		add(indexURL(page + 1))
	}
	add(rssFeed.Path())
	add(atomFeed.Path())
	for _, name := range s.post.Authors {
		add(authorPage.Path(name))
	}
	return all, errors.Join(errs...)
}

// secondPage is where dependents has the second page of the index, which does
// not show the newest post.
func secondPage(pages int) int {
	if pages < 2 {
		return -1
	}
	return 1
}
