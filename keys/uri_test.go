package keys_test

import (
	"net/http/httptest"
	"testing"

	"github.com/uncache/uncache/keys"
)

// Whatever of a URL does not count, the URI that a purge names is the one that
// the stored response of a request for it depends on.
func TestBuilderURI(t *testing.T) {
	b, err := keys.New("p", &keys.Options{Query: []string{"page"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{
		"http://example.com/blog/",
		"http://example.com/blog/?page=2",
		"http://example.com/blog/?utm_source=x&page=2",
		"http://EXAMPLE.com:80/bl%6fg/?page=2&utm_source=x&page=1",
		"http://example.com/?utm_source=x",
	} {
		key := b.Request(httptest.NewRequest("GET", target, nil))
		if got, err := b.URI(target); err != nil || got != key.URI() {
			t.Errorf("URI(%q) = %q, %v; want the request's %q", target, got, err, key.URI())
		}
		relative := key.Target() + "&utm_medium=y"
		if relative == key.Path()+"&utm_medium=y" {
			relative = key.Path() + "?utm_medium=y"
		}
		if got, err := b.URI(relative); err != nil || got != key.Target() {
			t.Errorf("URI(%q) = %q, %v; want the request's %q", relative, got, err, key.Target())
		}
	}
}

// A star is escaped, so that a pattern is no canonical path. A request for either
// spelling has one key, also beside an encoded slash.
func TestStarIsEscaped(t *testing.T) {
	b, err := keys.New("p", nil)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/blog/*": "/blog/%2A", "/a*b/c%2Fd": "/a%2Ab/c%2Fd"} {
		if got, err := keys.Path(path); got != want || err != nil {
			t.Errorf("Path(%q) = %q, %v; want %q", path, got, err, want)
		}
		plain, escaped := b.Request(httptest.NewRequest("GET", path, nil)), b.Request(httptest.NewRequest("GET", want, nil))
		if !plain.Valid() || plain.String() != escaped.String() || plain.Path() != want {
			t.Errorf("requests for %s and %s have the keys %q and %q, want one", path, want, plain, escaped)
		}
	}
}
