package invalidate_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/keys"
	"github.com/uncache/uncache/keys/route"
)

var (
	postPage  = route.MustParse("GET /blog/{slug}/{$}")
	index     = route.MustParse("GET /blog/{$}")
	files     = route.MustParse("GET /files/")
	userFiles = route.MustParse("GET /users/{name}/")
)

// What each kind of target names, and what it refuses.
func TestTargets(t *testing.T) {
	tests := []struct {
		name string
		rule func(to *invalidate.Targets)
		want string
		errs []string // each in one message; the rest is named anyway
	}{
		{"nothing", func(to *invalidate.Targets) {}, "", nil},
		{"no paths", func(to *invalidate.Targets) { to.Path() }, "", nil},
		{"path", func(to *invalidate.Targets) { to.Path("/rss/blog/", "/atom/blog/") }, "path:/atom/blog/ path:/rss/blog/", nil},
		{"path twice", func(to *invalidate.Targets) { to.Path("/a", "/b", "/a"); to.Path("/b") }, "path:/a path:/b", nil},
		{"path in another spelling", func(to *invalidate.Targets) { to.Path("/caf%c3%a9/", "/café/", "/caf%C3%A9/") }, "path:/caf%C3%A9/", nil},
		{"path is as a URL has it", func(to *invalidate.Targets) { to.Path("/100%25/"); to.Route(postPage, "100%25") }, "path:/100%25/ path:/blog/100%2525/", nil},
		{"path without its slash", func(to *invalidate.Targets) { to.Path("blog", "/b") }, "path:/b", []string{`"blog"`}},
		{"empty path", func(to *invalidate.Targets) { to.Path("") }, "", []string{"path"}},
		{"path with a query string", func(to *invalidate.Targets) { to.Path("/blog/?page=2") }, "", []string{"URL names one page"}},
		{"path with a host", func(to *invalidate.Targets) { to.Path("https://example.com/") }, "", []string{"host"}},
		{"path that is no path", func(to *invalidate.Targets) { to.Path("/100%/", "/a/../b") }, "", []string{"/100%/", "/a/../b"}},

		{"path that is a pattern", func(to *invalidate.Targets) { to.Path("/blog/{slug}/", "/blog/*", "/a") }, "path:/a", []string{"/blog/{slug}/\" is a pattern: Route", "/blog/*\" is a pattern: Prefix"}},
		{"path with what a pattern has", func(to *invalidate.Targets) { to.Path("/a*b", "/c%2a", "/%7Bd%7D", "/e{") }, "path:/%7Bd%7D path:/a%2Ab path:/c%2A path:/e%7B", nil},
		{"prefix that is a pattern", func(to *invalidate.Targets) { to.Prefix("/blog/*", "/{lang}/blog/") }, "", []string{"prefix: \"/blog/*\" is a pattern", "prefix: \"/{lang}/blog/\" is a pattern"}},
		{"route with what a pattern has", func(to *invalidate.Targets) { to.Route(postPage, "{a}*"); to.Route(userFiles, "b*") }, "path:/blog/%7Ba%7D%2A/ path:/users/b%2A/ prefix:/users/b%2A", nil},

		{"path with an encoded slash", func(to *invalidate.Targets) { to.Path("/docs/a%2fb", "/docs/%2Fa") }, "path:/docs/%2Fa path:/docs/a%2Fb path:/docs/a/b", nil},
		{"path with an encoded percent sign", func(to *invalidate.Targets) { to.Path("/docs/a%252Fb") }, "path:/docs/a%252Fb", nil},
		{"prefix with an encoded slash", func(to *invalidate.Targets) { to.Prefix("/docs/a%2F") }, "prefix:/docs/a prefix:/docs/a%2F", nil},
		{"url with an encoded slash", func(to *invalidate.Targets) { to.URL("http://h/a%2Fb?q=%2F") }, "uri:h/a%2Fb?q=/ uri:h/a/b?q=/", nil},
		{"route of a subtree with an encoded slash", func(to *invalidate.Targets) { to.Route(userFiles, "a/b") }, "path:/users/a%2Fb/ path:/users/a/b/ prefix:/users/a%2Fb prefix:/users/a/b", nil},

		{"url", func(to *invalidate.Targets) { to.URL("https://Example.com/blog/?page=2&lang=en") }, "uri:example.com/blog/?lang=en&page=2", nil},
		{"url without a host", func(to *invalidate.Targets) { to.URL("/blog/?page=2") }, "uri:/blog/?page=2", nil},
		{"url that is none", func(to *invalidate.Targets) { to.URL("blog/", "http://example.com/") }, "uri:example.com/", []string{`"blog/"`}},

		{"prefix", func(to *invalidate.Targets) { to.Prefix("/blog/", "/docs") }, "prefix:/blog prefix:/docs", nil},
		{"prefix of all paths", func(to *invalidate.Targets) { to.Prefix("/") }, "prefix:", nil},
		{"empty prefix", func(to *invalidate.Targets) { to.Prefix("") }, "", []string{"prefix"}},

		{"route with values", func(to *invalidate.Targets) { to.Route(postPage, "a/b é") }, "path:/blog/a%2Fb%20%C3%A9/ path:/blog/a/b%20%C3%A9/", nil},
		{"route without wildcards", func(to *invalidate.Targets) { to.Route(index) }, "path:/blog/", nil},
		{"route without values", func(to *invalidate.Targets) { to.Route(postPage) }, "route: route:/blog/{}/{$}", nil},
		{"route of a subtree with values", func(to *invalidate.Targets) { to.Route(userFiles, "ada") }, "path:/users/ada/ prefix:/users/ada", nil},
		{"route of a subtree", func(to *invalidate.Targets) { to.Route(files) }, "route: route:/files/", nil},
		{"route with too many values", func(to *invalidate.Targets) { to.Route(postPage, "a", "b") }, "", []string{"GET /blog/{slug}/{$}"}},
		{"route with an empty value", func(to *invalidate.Targets) { to.Route(postPage, ""); to.Route(index) }, "path:/blog/", []string{"GET /blog/{slug}/{$}"}},
		{"route that was not parsed", func(to *invalidate.Targets) { to.Route(route.Route{}) }, "", []string{"route.Parse"}},

		{"group", func(to *invalidate.Targets) { to.Group("author:ada", "b", "author:ada") }, "group:author:ada group:b", nil},
		{"empty group", func(to *invalidate.Targets) { to.Group("", "b") }, "group:b", []string{"name is empty"}},
		{"all", func(to *invalidate.Targets) { to.All(); to.Path("/") }, "all: path:/", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPurger()
			inv := invalidate.New(p, nil)
			invalidate.Register(inv, func(_ *Post, to *invalidate.Targets) { tt.rule(to) })

			resolved, err := inv.Resolve(&Post{})
			if got := join(resolved.Dependencies()); got != tt.want {
				t.Errorf("Resolve: got %q, want %q", got, tt.want)
			}
			if (err != nil) != (len(tt.errs) > 0) {
				t.Fatalf("Resolve: error %v, want one that says %q", err, tt.errs)
			}
			if len(tt.errs) > 0 {
				wantError(t, err, append(tt.errs, "invalidate: invalidate_test.Post 0: ")...)
				if got := strings.Count(err.Error(), "\n") + 1; got != len(tt.errs) {
					t.Errorf("Resolve: %d errors, want %d: %v", got, len(tt.errs), err)
				}
			}

			// What could be named is purged, whatever else could not.
			if got := inv.Invalidate(t.Context(), &Post{}); (got == nil) != (err == nil) {
				t.Errorf("Invalidate: got %v, want as Resolve: %v", got, err)
			}
			if tt.want == "" {
				p.Trace.Want(t)
			} else {
				p.Trace.Want(t, "PURGE "+tt.want)
			}
		})
	}
}

func TestSoft(t *testing.T) {
	soft := func(to *invalidate.Targets) { to.Path("/a", "/b"); to.Soft() }
	hard := func(to *invalidate.Targets) { to.Path("/b", "/c") }
	tests := []struct {
		name         string
		post, author func(*invalidate.Targets)
		want         bool
	}{
		{"none", hard, hard, false},
		{"all", soft, soft, true},
		{"one of two", soft, hard, false},
		{"the other of two", hard, soft, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPurger()
			inv := invalidate.New(p, nil)
			invalidate.Register(inv, func(_ Post, to *invalidate.Targets) { tt.post(to) })
			invalidate.Register(inv, func(_ Author, to *invalidate.Targets) { tt.author(to) })
			if err := inv.Invalidate(t.Context(), Post{}, Author{}); err != nil {
				t.Fatal(err)
			}
			if got := p.one(t).Soft; got != tt.want {
				t.Errorf("Soft: got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestSoftDoesNotReachCascades(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, nil)
	invalidate.Register(inv, func(_ Author, to *invalidate.Targets) {
		to.Soft()
		to.Path("/authors/")
		to.Model(&Post{Slug: "hello"})
	})
	if err := inv.Invalidate(t.Context(), Author{}); err != nil {
		t.Fatal(err)
	}
	if e := p.one(t); e.Soft {
		t.Errorf("the purge of a post was softened by its author's rule: %+v", e)
	}
}

func TestStringShowsSoft(t *testing.T) {
	inv := newBlog(newPurger(), nil)
	invalidate.Register(inv, func(_ Author, to *invalidate.Targets) { to.Group("readers"); to.Path("/blog/"); to.Soft() })
	to, err := inv.Resolve(&Post{ID: 42, Slug: "a"}, Author{"ada"})
	if err != nil {
		t.Fatal(err)
	}
	const want = "" +
		"group:readers  invalidate_test.Author ada (soft)\n" +
		"path:/blog/    invalidate_test.Post 42, invalidate_test.Author ada\n" +
		"path:/blog/a/  invalidate_test.Post 42\n"
	if got := to.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// noPattern escapes a path so that it is not taken for a pattern.
var noPattern = strings.NewReplacer("*", "%2A", "{", "%7B", "}", "%7D")

// Any text in a rule is named in the form in which responses are stored, or is an
// error. It never purges nothing silently.
func FuzzTargets(f *testing.F) {
	for _, s := range []string{"/blog/", "/caf%c3%a9/", "blog", "", "/a//b", "/%2e%2e/", "/a?b", "//host/x", "http://h/%zz", "http://h:80/a%2Fb?x=1&a=+", "\x00", "/\xff", "http://[::1]:443/", "/;a=b@c:d", "/*", "/{a}/"} {
		f.Add(s)
	}
	builder, err := keys.New("p", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, tt := range []struct {
			kind string
			name func(*invalidate.Targets)
		}{
			{"path:", func(to *invalidate.Targets) { to.Path(s) }},
			{"prefix:", func(to *invalidate.Targets) { to.Prefix(s) }},
			{"uri:", func(to *invalidate.Targets) { to.URL(s) }},
			{"group:", func(to *invalidate.Targets) { to.Group(s) }},
			{"path:", func(to *invalidate.Targets) { to.Route(postPage, s) }},
		} {
			inv := invalidate.New(newPurger(), nil)
			invalidate.Register(inv, func(_ Post, to *invalidate.Targets) { tt.name(to) })
			resolved, err := inv.Resolve(Post{})
			deps := resolved.Dependencies()
			if (len(deps) == 0) != (err != nil) {
				t.Fatalf("%s%q: got %q and error %v, want one of the two", tt.kind, s, deps, err)
			}
			want := deps[:min(len(deps), 1)] // and with its slashes decoded, if that is another path
			if len(deps) == 2 && len(deps[1]) > len(deps[0]) {
				want = deps[1:]
			}
			if decoded := cache.WithDecoded(want); len(decoded) != len(deps) || len(deps) > 0 && !strings.HasPrefix(string(want[0]), tt.kind) {
				t.Fatalf("%s%q: got %q, want %q", tt.kind, s, deps, decoded)
			}
		}

		r, err := http.NewRequest("GET", "http://example.com"+s, nil)
		if err != nil || !strings.HasPrefix(s, "/") || strings.ContainsAny(s, "?#") {
			return
		}
		key := builder.Request(r)
		if !key.Valid() {
			return
		}
		inv := invalidate.New(newPurger(), nil)
		invalidate.Register(inv, func(_ Post, to *invalidate.Targets) {
			to.Path(noPattern.Replace(s))
			to.Prefix(noPattern.Replace(s))
			to.URL("http://example.com" + s)
		})
		resolved, err := inv.Resolve(Post{})
		if err != nil {
			t.Fatalf("%q is requested and cannot be purged: %v", s, err)
		}
		stored := cache.WithDecoded(append(cache.AppendPathDependencies(nil, key.Path()), cache.URI(key.URI())))
		for _, d := range resolved.Dependencies() {
			if !slices.Contains(stored, d) {
				t.Fatalf("the response under %q depends on %q; the purge names %q", s, stored, d)
			}
		}
	})
}
