package pagecache_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/keys"
	"github.com/uncache/uncache/keys/route"
)

// A person spells a URL in many ways: all of them purge.
func TestPurgeURLInAnySpelling(t *testing.T) {
	const page = "http://example.com/blog/caf%C3%A9/?page=2"
	for _, u := range []string{
		"http://example.com/blog/caf%c3%a9/?page=2",
		"https://Example.com:443/blog/café/?utm_source=x&page=2#top",
		"//example.com/blog/café/?page=2",
		"example.com/blog/café/?page=2",
		"/blog/caf%c3%a9/?page=2",
	} {
		t.Run(u, func(t *testing.T) {
			s := newSite(t, nil, &pagecache.Options{
				TTL: time.Minute, Keys: newKeys(t, &keys.Options{Query: []string{"page"}}),
			}, func(http.ResponseWriter, *http.Request) {})
			s.get(page)
			wantStatus(t, s.get(page), "before", "uncache; hit; ttl=59")
			if err := s.pages.PurgeURL(t.Context(), u); err != nil {
				t.Fatal(err)
			}
			wantStatus(t, s.get(page), "after", "uncache; fwd=miss; stored; detail=purged")
		})
	}
}

// What nothing can depend on is an error, and the rest is purged.
func TestPurgeOfWhatNothingDependsOn(t *testing.T) {
	s := newSite(t, nil, nil, func(http.ResponseWriter, *http.Request) {})
	for _, d := range []cache.Dependency{
		"", "/a", "blog", ":/a", "/a:b",
		cache.Path(""), cache.Path("blog/"), cache.Path("/a?b=1"), cache.Path("/a%zz"), cache.Path("/a/../b"),
		cache.Path("http://example.com/a"), cache.Prefix("a"), cache.Prefix("/a?b"),
		cache.URI(""), cache.URI("ftp://example.com/"), cache.URI("http://bücher.example/"), cache.URI("/a/../b"),
		cache.Group(""), "all:pages",
		cache.Path("/blog/*"), cache.Path("/blog/{slug}/"), cache.Prefix("/blog/*"), cache.URI("/blog/*?page=2"),
		cache.URI("http://example.com/blog/{slug}/"), cache.Path("/blog/café/"), cache.Path("/blog/caf%c3%a9/"),
		cache.Prefix("/blog/café"), cache.URI("https://example.com/a"), cache.URI("Example.com/a"), cache.URI("/b?b&a"),
	} {
		s.get("/")
		err := s.pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{d, cache.Path("/")}})
		if !errors.Is(err, pagecache.ErrDependency) {
			t.Errorf("%q: error %v, want ErrDependency", d, err)
		}
		wantStatus(t, s.get("/"), fmt.Sprintf("after %q", d), "uncache; fwd=miss; stored; detail=purged")
	}
	for _, d := range []cache.Dependency{
		cache.All, cache.Route(""), cache.Route("GET /{$}"), cache.Prefix("/"), cache.OriginGroup("example.com", "a"),
		cache.URI("/a?b;c"), cache.URI("//"), cache.URI("//a%20b/c"), "product:5", "a:",
		cache.Path("/blog/%2A"), cache.Path("/blog/%7Bslug%7D/"), cache.URI("/?q=*"), cache.URI("blog/hello/"),
		cache.URI("localhost/a"), cache.URI("[::1]/a"), cache.URI("blog:8080/a"), cache.Path("/blog/caf%C3%A9/"),
	} {
		if err := s.pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{d}}); err != nil {
			t.Errorf("%q: %v", d, err)
		}
	}
	if err := s.pages.Purge(t.Context(), cache.Event{}); err != nil {
		t.Errorf("an event that names nothing: %v", err)
	}
}

// What cannot be a page of this site is an error, and the other URLs are purged.
func TestPurgeURLOfWhatIsNoPage(t *testing.T) {
	m := memory.New(nil)
	defer m.Close()
	s := newSite(t, m, nil, func(http.ResponseWriter, *http.Request) {})
	for _, u := range []string{
		"", "ftp://example.com/", "http://bücher.example/", "/a/../b", "/a%zz",
		"/blog/*", "/blog/*?page=2", "http://example.com/blog/{slug}/", "blog/hello/",
	} {
		s.get("/")
		if err := s.pages.PurgeURL(t.Context(), u, "/"); !errors.Is(err, pagecache.ErrDependency) {
			t.Errorf("%q: error %v, want ErrDependency", u, err)
		}
		wantStatus(t, s.get("/"), fmt.Sprintf("after %q", u), "uncache; fwd=miss; stored; detail=purged")
	}
	for _, u := range []string{
		"/a?b;c", "/blog/%2A", "/blog/%7Bslug%7D/", "/?q=*", "/?q={a}",
		"http://blog/hello/", "localhost/a", "[::1]/a", "blog:8080/a",
	} {
		if err := s.pages.PurgeURL(t.Context(), u); err != nil {
			t.Errorf("%q: %v", u, err)
		}
	}
	before, _ := m.Since(t.Context(), 0)
	if err := s.pages.PurgeURL(t.Context()); err != nil {
		t.Errorf("no URL: %v", err)
	}
	if after, err := m.Since(t.Context(), 0); err != nil || after.Head != before.Head {
		t.Errorf("no URL: the head went from %d to %d, %v", before.Head, after.Head, err)
	}
}

// What a value of Fetch was made from may have names of kinds of its own. Other
// names are recorded as they are, and those that are not canonical are an error.
func TestPurgeOfAValueByItsOwnNames(t *testing.T) {
	m := memory.New(nil)
	defer m.Close()
	store, err := coherent.New(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	pages, err := pagecache.New(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []cache.Dependency{"product:5", cache.Path("/café"), cache.URI("http://api.example/x")} {
		loads := 0
		get := func() {
			t.Helper()
			if _, err := coherent.Fetch(t.Context(), store, string(d), time.Minute, func(_ context.Context, deps *coherent.Deps) (int, error) {
				loads++
				deps.Add(d)
				return loads, nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		get()
		get()
		err := pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{d}})
		if own := d == "product:5"; (err == nil) != own || !own && !errors.Is(err, pagecache.ErrDependency) {
			t.Errorf("%q: error %v, want ErrDependency: %v", d, err, !own)
		}
		if get(); loads != 2 {
			t.Errorf("%q: the value was loaded %d times, want 2: once, and after the purge", d, loads)
		}
	}
}

// The URI of a host that this site does not answer for is that of no page here. The log
// is told nevertheless.
func TestPurgeOfAForeignHost(t *testing.T) {
	s := newSite(t, nil, &pagecache.Options{
		TTL: time.Minute, Keys: newKeys(t, &keys.Options{Hosts: []string{"example.com", "intranet"}}),
	}, func(http.ResponseWriter, *http.Request) {})
	for uri, foreign := range map[string]bool{
		"https://exmaple.com/": true, "exmaple.com/": true, "//exmaple.com/": true, "blog/hello/": true,
		"https://example.com/": false, "/": false, "example.com:443/": false, "intranet/": false,
	} {
		err := s.pages.PurgeURL(t.Context(), uri)
		if got := errors.Is(err, pagecache.ErrDependency) && errors.Is(err, keys.ErrForeignHost); got != foreign || !foreign && err != nil {
			t.Errorf("%s: error %v, want ErrForeignHost: %v", uri, err, foreign)
		}
	}
}

// What a rule names is made of values: that a post has the slug "*", or the URL of a
// host that another site over the same log answers for, is no error of a save.
func TestPurgeOfWhatARuleNames(t *testing.T) {
	s := newSite(t, nil, &pagecache.Options{
		TTL: time.Minute, Keys: newKeys(t, &keys.Options{Hosts: []string{"example.com"}}),
		Observe: func(r *http.Request, o pagecache.Observation) {
			if o.Err != nil {
				t.Errorf("%s: %v", r.Method, o.Err)
			}
		},
	}, func(http.ResponseWriter, *http.Request) {})
	type Post struct{ Slug string }
	inv := invalidate.New(s.pages, nil)
	page := route.MustParse("/blog/{slug}")
	invalidate.Register(inv, func(p *Post, to *invalidate.Targets) {
		to.Route(page, p.Slug)
		to.URL("https://other.example/")
	})
	s.get("http://example.com/blog/*")
	if err := inv.Invalidate(t.Context(), &Post{"*"}); err != nil {
		t.Error(err)
	}
	wantStatus(t, s.get("http://example.com/blog/*"), "after the save", "uncache; fwd=miss; stored; detail=purged")
	s.do("POST", "http://example.com/blog/*")
	wantStatus(t, s.get("http://example.com/blog/*"), "after the POST", "uncache; fwd=miss; stored; detail=purged")
}
