package keys_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/uncache/uncache/keys"
)

// seen is what a handler may look at of a request's target.
type seen struct{ host, url, rawPath, requestURI string }

func seenIn(r *http.Request) seen {
	return seen{r.Host, r.URL.String(), r.URL.RawPath, r.RequestURI}
}

func TestSeenHasOnlyWhatIsInTheKey(t *testing.T) {
	plain := seen{"a.test", "/x", "", "/x"}
	for _, tt := range []struct {
		name, target, host string
		secure             bool
		opts               keys.Options
		want               seen
	}{
		{"as clients send it", "/x", "a.test", false, keys.Options{}, plain},
		{"the default port", "/x", "a.test:80", false, keys.Options{}, plain},
		{"the default port of https", "/x", "a.test:443", true, keys.Options{}, plain},
		{"an empty port", "/x", "a.test:", false, keys.Options{}, plain},
		{"another port", "/x", "a.test:8080", false, keys.Options{}, seen{"a.test:8080", "/x", "", "/x"}},
		{"the port of the other scheme", "/x", "a.test:443", false, keys.Options{}, seen{"a.test:443", "/x", "", "/x"}},
		{"upper case", "/x", "A.test:80", false, keys.Options{}, seen{"A.test:80", "/x", "", "/x"}},
		{"a last dot", "/x", "a.test.:80", false, keys.Options{}, seen{"a.test.", "/x", "", "/x"}},
		{"an IPv6 address", "/x", "[::1]:80", false, keys.Options{}, seen{"[::1]:80", "/x", "", "/x"}},
		{"absolute form", "http://a.test:80/x", "a.test:80", false, keys.Options{}, plain},
		{"absolute form, whose host has been changed", "http://b.test/x", "a.test", false, keys.Options{}, plain},
		{"absolute form in upper case", "HTTP://a.test/x", "a.test", false, keys.Options{}, plain},
		{"another scheme", "https://a.test:80/x", "a.test:80", false, keys.Options{}, seen{"a.test", "https://a.test/x", "", "https://a.test/x"}},
		{"an encoding that is not needed", "/%78", "a.test", false, keys.Options{}, plain},
		{"an encoding in lower case", "/caf%c3%a9", "a.test", false, keys.Options{}, seen{"a.test", "/caf%C3%A9", "", "/caf%C3%A9"}},
		{"an encoded slash", "/a%2fb", "a.test", false, keys.Options{}, seen{"a.test", "/a%2Fb", "/a%2Fb", "/a%2Fb"}},
		{"brackets", "/a%28b%29", "a.test", false, keys.Options{}, seen{"a.test", "/a(b)", "/a(b)", "/a(b)"}},
		{"a bare question mark", "/x?", "a.test", false, keys.Options{}, plain},
		{"the order of a query", "/x?b=1&a=2", "a.test", false, keys.Options{}, seen{"a.test", "/x?b=1&a=2", "", "/x?b=1&a=2"}},
		{"a parameter that does not count", "/x?utm=1&a=2", "a.test", false, keys.Options{Query: []string{"a"}}, seen{"a.test", "/x?a=2", "", "/x?a=2"}},
		{"exact: the path", "/%78?", "a.test:80", false, keys.Options{Exact: true}, seen{"a.test", "/%78?", "/%78", "/%78?"}},
	} {
		b := newBuilder(t, &tt.opts)
		r := httptest.NewRequest("GET", tt.target, nil)
		r.Host, r.TLS = tt.host, nil
		if tt.secure {
			r.TLS = &tls.ConnectionState{}
		}
		before := seenIn(r)
		got := b.Seen(r)
		if s := seenIn(got); s != tt.want {
			t.Errorf("%s: Seen of %+v = %+v, want %+v", tt.name, before, s, tt.want)
		}
		if seenIn(r) != before {
			t.Errorf("%s: Seen changed the request to %+v", tt.name, seenIn(r))
		}
		if before == tt.want && got != r {
			t.Errorf("%s: Seen copied a request that it did not change", tt.name)
		}
		if b.Request(got) != b.Request(r) {
			t.Errorf("%s: Seen has the key %s, want %s", tt.name, b.Request(got), b.Request(r))
		}
	}
	noKey := httptest.NewRequest("GET", "http://u@a.test:80/x", nil)
	if got := newBuilder(t, nil).Seen(noKey); got != noKey {
		t.Error("Seen changed a request that has no key")
	}
}

// The paths that a request was sent to, and that it has now, are both in its key.
func TestMountIsInTheKey(t *testing.T) {
	under := func(requestURI, path string) *http.Request {
		r := httptest.NewRequest("GET", path, nil)
		r.Host, r.RequestURI = "h", requestURI
		return r
	}
	b := newBuilder(t, nil)
	for _, tt := range []struct {
		rule string
		x, y *http.Request
		meet bool
	}{
		{"two mounts", under("/en/blog/", "/blog/"), under("/de/blog/", "/blog/"), false},
		{"a mount and none", under("/en/blog/", "/blog/"), under("/blog/", "/blog/"), false},
		{"a language in front", under("/blog/", "/en/blog/"), under("/blog/", "/de/blog/"), false},
		{"a mount, spelled otherwise", under("/e%6e/blog/", "/blog/"), under("/en/blog/", "/blog/"), true},
		{"RequestURI's query", under("/en/blog/?x=1", "/blog/"), under("/en/blog/?y=2", "/blog/"), true},
		{"RequestURI's query without a mount", under("/blog/?x=1", "/blog/"), under("/blog/", "/blog/"), true},
		{"absolute form", under("http://h/en/blog/", "/blog/"), under("/en/blog/", "/blog/"), true},
		{"absolute form without a mount", under("http://h/blog/?x", "/blog/"), under("/blog/", "/blog/"), true},
		{"absolute form without a path", under("http://h?x", "/"), under("/", "/"), true},
		{"no RequestURI, as http.NewRequest has none", under("", "/blog/"), under("/blog/", "/blog/"), true},
		{"a path that is decoded", under("/caf%C3%A9/", "/caf\u00e9/"), under("", "/caf%c3%a9/"), true},
		{"an encoded slash", under("/en%2Fblog/", "/blog/"), under("/en/blog/", "/blog/"), false},
	} {
		x, y := b.Request(tt.x), b.Request(tt.y)
		if !x.Valid() || !y.Valid() || (x == y) != tt.meet {
			t.Errorf("%s: got %s and %s, want equal: %v", tt.rule, x, y, tt.meet)
		}
		if sx, sy := seenIn(b.Seen(tt.x)), seenIn(b.Seen(tt.y)); (sx == sy) != tt.meet {
			t.Errorf("%s: handlers see %+v and %+v, want equal: %v", tt.rule, sx, sy, tt.meet)
		}
	}
	if got := b.Request(under("/e%6e/blog/?x", "/blog/")).Requested(); got != "/en/blog/" {
		t.Errorf("Requested = %q, want /en/blog/", got)
	}
	if got := b.Request(under("/blog/?x", "/blog/")).Requested(); got != "" {
		t.Errorf("Requested = %q, want nothing: it is the path", got)
	}
}

func TestPathsWithoutKeys(t *testing.T) {
	b := newBuilder(t, &keys.Options{Hosts: []string{"h"}})
	for path, want := range map[string]error{
		"/a//b": keys.ErrEmptySegment, "//a": keys.ErrEmptySegment, "/a%2F": nil, "/%2Fa": keys.ErrEmptySegment,
		"/x%2F..%2Fa/": keys.ErrDotSegment, "/a%2Fb": nil, "/a%252F..%252Fb": nil, "/a%5C..%5Cb": nil, "/": nil, "/a/": nil,
	} {
		if _, err := b.URL("http://h" + path); !errors.Is(err, want) {
			t.Errorf("URL of %s: error %v, want %v", path, err, want)
		}
		if err := b.Check(request(t, path, "h")); !errors.Is(err, want) {
			t.Errorf("a request for %s: error %v, want %v", path, err, want)
		}
		if got := len(b.PathKeys(path)); (got == 0) != (want != nil) {
			t.Errorf("PathKeys(%s) are %d, of a path whose error is %v", path, got, want)
		}
		if canonical, err := keys.Path(path); err != nil || canonical != path {
			t.Errorf("Path(%s) = %q, %v; want it unchanged: a purge may name it", path, canonical, err)
		}
	}
}

// What somebody around has written into the URL, for a handler that goes by it, is
// in the key, and the handler sees it: the address of a backend, the scheme that
// a proxy has told.
func TestRewrittenHostIsInTheKey(t *testing.T) {
	with := func(scheme, host string) *http.Request {
		r := httptest.NewRequest("GET", "/x", nil)
		r.Host, r.URL.Scheme, r.URL.Host = "h", scheme, host
		return r
	}
	b := newBuilder(t, nil)
	known := make(map[keys.Key]seen)
	for _, r := range []*http.Request{with("", ""), with("http", ""), with("https", ""), with("http", "h"), with("http", "10.0.0.1:80"), with("http", "10.0.0.2:80"), with("", "10.0.0.1:80")} {
		k, s := b.Request(r), seenIn(b.Seen(r))
		if !k.Valid() || k.URI() != "h/x" {
			t.Errorf("%q has the key %q", r.URL, k)
		}
		if other, ok := known[k]; ok {
			t.Errorf("%q shares the key of %q", r.URL, other)
		}
		if known[k] = s; s != seenIn(r) {
			t.Errorf("the handler sees %+v, want %+v", s, seenIn(r))
		}
	}
	if r := with("gopher", "h"); b.Request(r).Valid() {
		t.Error("a scheme that is none has a key")
	}
}

// Parameters that do not count are not in a form that was parsed before, either.
func TestSeenFormIsOfTheQuery(t *testing.T) {
	b := newBuilder(t, &keys.Options{Query: []string{"page"}})
	r := httptest.NewRequest("GET", "/x?page=2&utm=1", nil)
	if r.FormValue("utm") != "1" {
		t.Fatal("the form has no utm")
	}
	if got := b.Seen(r); got.FormValue("utm") != "" || got.FormValue("page") != "2" {
		t.Errorf("the handler sees the form %q", got.Form)
	}
	if r.FormValue("utm") != "1" {
		t.Error("Seen changed the form of the request")
	}
}
