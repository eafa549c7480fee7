package invalidate_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/keys"
)

// deleter is a cache that records which keys were deleted, call by call.
type deleter struct {
	cache.Cache
	calls [][]string
	err   error
}

func (d *deleter) Delete(_ context.Context, keys ...string) error {
	d.calls = append(d.calls, slices.Clone(keys))
	return d.err
}

func builder(t testing.TB, hosts ...string) *keys.Builder {
	t.Helper()
	b, err := keys.New("blog", &keys.Options{Hosts: hosts})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestKeys(t *testing.T) {
	hosts := []string{"example.com", "www.example.com:8080"}
	tests := []struct {
		name    string
		hosts   []string
		rule    func(to *invalidate.Targets)
		deleted []string // URLs whose keys are deleted, and no others
		missing []string // what the error names
	}{
		{"path", hosts, func(to *invalidate.Targets) { to.Path("/café/") }, []string{
			"http://example.com/caf%C3%A9/", "https://example.com/caf%C3%A9/", "http://www.example.com:8080/caf%C3%A9/", "https://www.example.com:8080/caf%C3%A9/",
		}, nil},
		{"route", hosts[:1], func(to *invalidate.Targets) { to.Route(postPage, "a") }, []string{"http://example.com/blog/a/", "https://example.com/blog/a/"}, nil},
		{"url", hosts, func(to *invalidate.Targets) { to.URL("http://example.com/?b=2&a=1") }, []string{"http://example.com/?a=1&b=2", "https://example.com/?a=1&b=2"}, nil},
		{"url without a host", hosts, func(to *invalidate.Targets) { to.URL("/?a=1") }, []string{
			"http://example.com/?a=1", "https://example.com/?a=1", "http://www.example.com:8080/?a=1", "https://www.example.com:8080/?a=1",
		}, nil},
		{"url of any host", nil, func(to *invalidate.Targets) { to.URL("http://example.org/?a=1") }, []string{"http://example.org/?a=1", "https://example.org/?a=1"}, nil},
		{"path and url of one page", hosts[:1], func(to *invalidate.Targets) { to.Path("/a"); to.URL("http://example.com/a") }, []string{"http://example.com/a", "https://example.com/a"}, nil},
		{"url of a foreign host", hosts, func(to *invalidate.Targets) { to.URL("http://example.org/a") }, nil, []string{"example.org/a"}},
		{"subtree of a route with values", hosts[:1], func(to *invalidate.Targets) { to.Route(userFiles, "ada") }, []string{"http://example.com/users/ada/", "https://example.com/users/ada/"}, nil},
		{"path without hosts", nil, func(to *invalidate.Targets) { to.Path("/a") }, nil, []string{"/a"}},
		{"url without hosts", nil, func(to *invalidate.Targets) { to.URL("/a") }, nil, []string{"/a"}},
		{"an encoded slash", hosts[:1], func(to *invalidate.Targets) { to.Path("/docs/a%2fb") }, []string{
			"http://example.com/docs/a%2Fb", "https://example.com/docs/a%2Fb", "http://example.com/docs/a/b", "https://example.com/docs/a/b",
		}, nil},
		{"what no request has a key for", hosts[:1], func(to *invalidate.Targets) {
			to.Path("/a//b", "/x%2F..%2Fa", "/%2F")
			to.URL("http://example.com/a//b", "/a//b?c")
		}, nil, nil},
		{"all else", hosts[:1], func(to *invalidate.Targets) {
			to.Prefix("/blog")
			to.Route(postPage)
			to.Group("ada")
			to.All()
			to.Path("/a")
		}, []string{"http://example.com/a", "https://example.com/a"}, []string{"prefix /blog", "route /blog/{}/{$}", "unknown routes", "group ada", "everything"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := builder(t) // makes keys of every host, as the restricted builder makes them
			var want []string
			for _, u := range tt.deleted {
				k, err := all.URL(u)
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, k.String())
			}
			d := new(deleter)
			inv := invalidate.New(invalidate.Keys(d, builder(t, tt.hosts...)), nil)
			invalidate.Register(inv, func(_ Post, to *invalidate.Targets) { tt.rule(to) })
			err := inv.Invalidate(t.Context(), Post{})

			if len(d.calls) > 1 || len(want) == 0 && len(d.calls) > 0 {
				t.Fatalf("%d calls of Delete, want at most one, and none for no key: %q", len(d.calls), d.calls)
			}
			got := slices.Concat(d.calls...)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("deleted:\n got %q\nwant %q", got, want)
			}
			if errors.Is(err, invalidate.ErrUnsupported) != (len(tt.missing) > 0) || err != nil && len(tt.missing) == 0 {
				t.Errorf("got error %v, want ErrUnsupported if it lacks any of %q", err, tt.missing)
			}
			wantError(t, err, tt.missing...)
		})
	}
}

// The key that a purge deletes is the key of a request.
func TestKeysMatchRequests(t *testing.T) {
	b := builder(t, "example.com")
	d := new(deleter)
	if err := invalidate.Keys(d, b).Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Path("/blog/a%2Fb/")}}); err != nil {
		t.Fatal(err)
	}
	key := b.Request(httptest.NewRequest("GET", "http://example.com/blog/a/b/", nil))
	if !slices.Contains(slices.Concat(d.calls...), key.String()) {
		t.Errorf("deleted %q, without the key of the request, %q", d.calls, key)
	}
}

// Keys knows which parameters count. A Purger that is told the URL does not.
func TestURLWithIgnoredParameters(t *testing.T) {
	b, err := keys.New("views", &keys.Options{Query: []string{"page"}})
	if err != nil {
		t.Fatal(err)
	}
	want, err := b.URL("http://example.com/blog/?page=2")
	if err != nil {
		t.Fatal(err)
	}
	d, told := new(deleter), newPurger()
	inv := invalidate.New(invalidate.Purgers{invalidate.Keys(d, b), told}, nil)
	invalidate.Register(inv, func(_ *Post, to *invalidate.Targets) { to.URL("http://example.com/blog/?page=2&sort=asc") })
	if err := inv.Invalidate(t.Context(), &Post{}); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(slices.Concat(d.calls...), want.String()) {
		t.Errorf("deleted %q, want %q among them", d.calls, want)
	}
	told.Trace.Want(t, "PURGE uri:example.com/blog/?page=2&sort=asc")
}

func TestKeysDeleteFails(t *testing.T) {
	d := &deleter{err: errors.New("refused")}
	err := invalidate.Keys(d, builder(t, "example.com")).Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Path("/a"), cache.All}})
	if !errors.Is(err, d.err) || !errors.Is(err, invalidate.ErrUnsupported) {
		t.Errorf("got %v, want both %v and ErrUnsupported", err, d.err)
	}
	wantError(t, err, "invalidate.Keys: delete blog:example.com/a:", "everything")
}

func TestKeysOfForeignDependencies(t *testing.T) {
	d := new(deleter)
	for _, dep := range []cache.Dependency{"", "path", "path:", "path:x", "uri:", "uri:%", "row:posts/1"} {
		err := invalidate.Keys(d, builder(t, "example.com")).Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{dep}})
		if !errors.Is(err, invalidate.ErrUnsupported) || len(d.calls) > 0 {
			t.Errorf("%q: got %v, deleted %q, want ErrUnsupported and nothing", dep, err, d.calls)
		}
	}
}

func TestKeysPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"cache":   func() { invalidate.Keys(nil, builder(t)) },
		"builder": func() { invalidate.Keys(new(deleter), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			mustPanic(t, strings.ToUpper(name[:1])+name[1:], f)
		})
	}
}
