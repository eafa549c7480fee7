package keys_test

import (
	"net/http/httptest"
	"testing"

	"github.com/uncache/uncache/keys"
)

func TestExact(t *testing.T) {
	exact := newBuilder(t, &keys.Options{Exact: true})
	plain := newBuilder(t, nil)
	for canonical, others := range map[string][]string{
		"/a;b":      {"/a%3Bb", "/%61;b"},
		"/?a=1&b=2": {"/?b=2&a=1", "/?a=1&b=%32", "/?a=1&&b=2"},
		"/?a":       {"/?a=", "/?a&"},
		"/?a+b":     {"/?a%20b"},
		"/":         {"/?", "/?&"},
	} {
		want := exact.Request(httptest.NewRequest("GET", "http://h"+canonical, nil))
		if got := plain.Request(httptest.NewRequest("GET", "http://h"+canonical, nil)); got != want {
			t.Errorf("%s: the key is %s, exact it is %s", canonical, got, want)
		}
		seen := map[keys.Key]string{want: canonical}
		for _, other := range others {
			r := httptest.NewRequest("GET", "http://h"+other, nil)
			got := exact.Request(r)
			if first, ok := seen[got]; ok {
				t.Errorf("%s and %s share the key %s", first, other, got)
			}
			seen[got] = other
			if got.URI() != want.URI() || got.Path() != want.Path() {
				t.Errorf("%s: a purge knows it as %s, and %s as %s", other, got.URI(), canonical, want.URI())
			}
			if b, ok := exact.AppendRequest(nil, r); !ok || string(b) != got.String() {
				t.Errorf("%s: AppendRequest gives %s, Request %s", other, b, got)
			}
		}
	}
}

// What does not count has no spelling.
func TestExactWithQuery(t *testing.T) {
	b := newBuilder(t, &keys.Options{Exact: true, Query: []string{"page"}})
	want := b.Request(httptest.NewRequest("GET", "http://h/?page=2", nil))
	if got := b.Request(httptest.NewRequest("GET", "http://h/?utm=%41&page=2", nil)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
