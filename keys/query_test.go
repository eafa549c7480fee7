package keys_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/uncache/uncache/keys"
)

// net/url refuses a query of too many parameters as a whole, empty ones and
// those that don't count included: its handler sees what the key does not have.
func TestTooManyParameters(t *testing.T) {
	all, page := newBuilder(t, nil), newBuilder(t, &keys.Options{Query: []string{"page"}})
	for name, tt := range map[string]struct {
		b    *keys.Builder
		junk string
	}{
		"empty ones":                {all, "&"},
		"empty ones, one counts":    {page, "&"},
		"others":                    {all, "&x"},
		"others, which don't count": {page, "&x"},
	} {
		t.Run(name, func(t *testing.T) {
			for n, want := range map[int]bool{
				keys.MaxParameters: true, keys.MaxParameters + 1: false, 10_001: false,
			} {
				target := "/blog/?page=2" + strings.Repeat(tt.junk, n-1)
				_, parse := url.ParseQuery(target[len("/blog/?"):])
				if want && parse != nil {
					t.Fatalf("ParseQuery refuses %d parameters: %v", n, parse)
				}
				if k := tt.b.Request(request(t, target, "h")); k.Valid() != want {
					t.Errorf("%d parameters: key %.60q, want one: %v", n, k, want)
				}
				if _, err := tt.b.URI("http://h" + target); errors.Is(err, keys.ErrQuery) == want {
					t.Errorf("%d parameters: Builder.URI: error %.60v, want ErrQuery: %v", n, err, !want)
				}
				if _, err := tt.b.URL("http://h" + target); errors.Is(err, keys.ErrQuery) == want {
					t.Errorf("%d parameters: URL: error %.60v, want ErrQuery: %v", n, err, !want)
				}
				if _, err := keys.URI(target); errors.Is(err, keys.ErrQuery) == want {
					t.Errorf("%d parameters: URI: error %.60v, want ErrQuery: %v", n, err, !want)
				}
			}
		})
	}
}

func TestQuery(t *testing.T) {
	for _, tt := range []struct {
		only      []string
		raw, want string
		rule      string
	}{
		{nil, "b=%61&a=&&x;y", "b=%61&a=&&x;y", "all count"},
		{[]string{"a", "b"}, "b=%61&a=&", "b=%61&a=&", "all of these count"},
		{[]string{"a", "b"}, "", "", "nothing"},
		{[]string{"a", "b"}, "b=%61&utm=1&a=&", "a&b=a", "the canonical query of the rest"},
		{[]string{"a"}, "a=2&utm=1&%61=1", "a=2&a=1", "equal names in their order"},
		{[]string{"page size"}, "page%20size=1&utm", "page+size=1", "names as ParseQuery reads them"},
		{[]string{"a"}, "utm=1", "", "none counts"},
		{[]string{}, "a=1", "", "none counts"},
		{[]string{"a"}, "utm=1&x;y", "utm=1&x;y", "no key"},
		{[]string{"a"}, "utm=1&%zz", "utm=1&%zz", "no key"},
		{[]string{"a"}, strings.Repeat("&u", keys.MaxParameters), strings.Repeat("&u", keys.MaxParameters), "no key"},
	} {
		b := newBuilder(t, &keys.Options{Query: tt.only})
		if got := b.Query(tt.raw); got != tt.want {
			t.Errorf("Query %q: Query(%.60q) = %.60q, want %.60q (%s)", tt.only, tt.raw, got, tt.want, tt.rule)
		}
	}
}

// FuzzQuery checks that what is left of a query has its key, and has of each
// parameter that counts what the whole has, and no other.
func FuzzQuery(f *testing.F) {
	for _, raw := range []string{
		"", "&", "a=1", "a=1&utm=2", "utm=2", "b=+&%61=%2B&x", "a=&&utm", "=&a", "a;b", "a=%zz&x",
		"a=\x00\xff#|&x", "a=b=c&x=y=z", strings.Repeat("x&b&a&", 40), strings.Repeat("&", 300),
	} {
		f.Add(raw)
	}
	b := newBuilder(f, &keys.Options{Query: []string{"a", "b"}})
	exact := newBuilder(f, &keys.Options{Query: []string{"a", "b"}, Exact: true})
	f.Fuzz(func(t *testing.T, raw string) {
		whole, rest := request(t, "/x", "h"), request(t, "/x", "h")
		whole.URL.RawQuery, rest.URL.RawQuery = raw, b.Query(raw)
		k := b.Request(whole)
		if got := b.Request(rest); got != k {
			t.Errorf("the key of %q is %s, that of Query's %q is %s; want them equal", raw, k, rest.URL.RawQuery, got)
		}
		if got, want := exact.Request(rest), exact.Request(whole); got != want {
			t.Errorf("the exact key of %q is %s, that of Query's %q is %s; want them equal", raw, want, rest.URL.RawQuery, got)
		}
		if !k.Valid() {
			if rest.URL.RawQuery != raw {
				t.Errorf("Query(%q) = %q, want it unchanged, since it has no key", raw, rest.URL.RawQuery)
			}
			return
		}
		want, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatalf("%q has the key %s, and ParseQuery says: %v", raw, k, err)
		}
		got, err := url.ParseQuery(rest.URL.RawQuery)
		if err != nil {
			t.Fatalf("ParseQuery(%q), which is Query(%q): %v", rest.URL.RawQuery, raw, err)
		}
		for name := range want {
			if name != "a" && name != "b" {
				delete(want, name)
			}
		}
		if got.Encode() != want.Encode() {
			t.Errorf("Query(%q) = %q, which has the parameters %q; want %q", raw, rest.URL.RawQuery, got, want)
		}
	})
}
