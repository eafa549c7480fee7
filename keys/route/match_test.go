package route_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/keys"
	"github.com/uncache/uncache/keys/route"
)

func TestName(t *testing.T) {
	for pattern, want := range map[string]string{
		"/":                     "/",
		"GET /{$}":              "/{$}",
		"GET  \t/blog/{slug}":   "/blog/{}",
		"/blog/{id}":            "/blog/{}",
		"/blog/{slug}/":         "/blog/{}/",
		"/files/{path...}":      "/files/",
		"example.com/a/{b}/{$}": "example.com/a/{}/{$}",
		"/caf\u00e9/{x}":        "/caf%C3%A9/{}",
		"/caf%c3%a9/{x}":        "/caf%C3%A9/{}",
		"/a%2Fb/{x}":            "/a%2Fb/{}",
		"CONNECT /a/../b":       "/a/../b",
	} {
		r := route.MustParse(pattern)
		if got := r.Name(); got != want {
			t.Errorf("Name of %q = %q, want %q", pattern, got, want)
		}
		if got, want := cache.Route(r.Name()), cache.Dependency("route:"+want); got != want {
			t.Errorf("cache.Route(%q) = %q, want %q", r.Name(), got, want)
		}
	}
	if got := (route.Route{}).Name(); got != "" {
		t.Errorf("the zero Route has the name %q", got)
	}
}

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		pattern, host, path string
		want                bool
	}{
		{"/", "h", "/", true},
		{"/", "h", "/a/b", true},
		{"/{$}", "h", "/", true},
		{"/{$}", "h", "/a", false},
		{"POST /blog/{slug}", "h", "/blog/hello", true}, // the method does not count
		{"/blog/{slug}", "h", "/blog/", false},
		{"/blog/{slug}", "h", "/blog/hello/", false},
		{"/blog/{slug}", "h", "/blog/a%2Fb", true},
		{"/blog/{slug}", "h", "/blog/a/b", false},
		{"/blog/{slug}/", "h", "/blog/hello/x", true},
		{"/blog/{slug}/", "h", "/blog/hello", false},
		{"/blog/{slug}/{$}", "h", "/blog/hello/", true},
		{"/blog/{slug}/{$}", "h", "/blog/hello/x", false},
		{"/docs/{path...}", "h", "/docs/", true},
		{"/docs/{path...}", "h", "/docs/a/b", true},
		{"/docs/{path...}", "h", "/docs", false},
		{"/caf%c3%a9", "h", "/caf%C3%A9", true},
		{"/blog/:slug", "h", "/blog/hello", false}, // echo, gin
		{"/blog/*", "h", "/blog/hello", false},     // chi
		{"a.test/x", "a.test", "/x", true},
		{"a.test/x", "a.test:8080", "/x", true},
		{"a.test/x", "b.test", "/x", false},
		{"/x", "", "/x", true},
		{"/a", "h", "a", false},
		{"/a", "h", "", false},
		{"/", "h", "//a", false},
		{"/", "h", "/a/../b", false},
	} {
		if got := route.MustParse(tt.pattern).Matches(tt.host, tt.path); got != tt.want {
			t.Errorf("%q matches %q on %q: %v, want %v", tt.pattern, tt.path, tt.host, got, tt.want)
		}
	}
	if (route.Route{}).Matches("h", "/") {
		t.Error("the zero Route matches a path")
	}
}

// FuzzMatches holds Matches against a real ServeMux that has one pattern, for
// every path that has a key.
func FuzzMatches(f *testing.F) {
	for _, p := range patterns {
		for _, path := range []string{"/", "/a", "/a/", "/a/b", "/a%2Fb/c", "/%7Bx%7D"} {
			f.Add(p, path)
		}
	}
	f.Add("/{a}/b/{c...}", "/x/b/")
	f.Add("/a/%2F", "/a/")
	b, err := keys.New("p", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, pattern, path string) {
		r, err := route.Parse(pattern)
		if err != nil || strings.Contains(r.Host(), ":") || r.Method() == "CONNECT" || r.Host() != "" && r.Host() != "h" {
			return
		}
		req, err := http.NewRequest("GET", "http://h/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if req.URL, err = req.URL.Parse(path); err != nil {
			return
		}
		req.Host = "h"
		key := b.Request(req)
		if !key.Valid() {
			return
		}
		if req.Method = r.Method(); req.Method == "" {
			req.Method = "GET"
		}
		mux := http.NewServeMux()
		served := false
		if err := muxError(mux, pattern, func(http.ResponseWriter, *http.Request) { served = true }); err != nil {
			t.Fatal(err)
		}
		mux.ServeHTTP(httptest.NewRecorder(), req)
		if got := r.Matches(req.Host, key.Path()); got != served {
			t.Errorf("%q matches %q: %v, ServeMux serves it: %v", pattern, key.Path(), got, served)
		}
		again, err := route.Parse(r.Name())
		if errors.Is(err, route.ErrPattern) && strings.Contains(r.Name(), "{}") {
			return // a name is no pattern
		}
		if err != nil || again.Name() != r.Name() {
			t.Errorf("the name of %q is %q, of which the name is %q, %v", pattern, r.Name(), again.Name(), err)
		}
	})
}
