package keys_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/uncache/uncache/keys"
)

// Which requests share a variant of a page that varies by Cookie.
func TestCookiesThatCount(t *testing.T) {
	for _, tt := range []struct {
		cookies []string
		a, b    []string
		same    bool
	}{
		{nil, []string{"_ga=1"}, []string{"_ga=2"}, false},
		{nil, []string{"a=1; b=2"}, []string{"b=2; a=1"}, false},
		{[]string{}, []string{"_ga=1"}, []string{"_ga=2"}, true},
		{[]string{}, []string{"_ga=1"}, nil, true},
		{[]string{"theme"}, []string{"_ga=1"}, nil, true},
		{[]string{"theme"}, []string{""}, nil, true},
		{[]string{"theme"}, []string{"_ga=1; theme=dark"}, []string{"theme=dark"}, true},
		{[]string{"theme"}, []string{"_ga=1; theme=dark"}, []string{"theme=light"}, false},
		{[]string{"theme"}, []string{"theme="}, nil, false},
		{[]string{"theme"}, []string{"theme"}, []string{"theme="}, false},
		{[]string{"theme"}, []string{"Theme=dark"}, nil, true},
		{[]string{"theme", "lang"}, []string{"theme=dark; lang=de"}, []string{"lang=de", "theme=dark"}, true},
		{[]string{"theme", "lang"}, []string{"theme=dark"}, []string{"lang=dark"}, false},
		{[]string{"theme"}, []string{"theme=a; theme=b"}, []string{"theme=b; theme=a"}, false},
	} {
		variants := newBuilder(t, &keys.Options{Cookies: tt.cookies})
		always := newBuilder(t, &keys.Options{Cookies: tt.cookies, Headers: []string{"Cookie"}})
		with := func(lines []string) http.Header {
			if lines == nil {
				return http.Header{}
			}
			return http.Header{"Cookie": lines}
		}
		variant := func(lines []string) string {
			return string(variants.AppendVariant(nil, []byte("key"), []string{"Accept", "Cookie"}, with(lines)))
		}
		key := func(lines []string) keys.Key {
			r := request(t, "/", "h")
			r.Header = with(lines)
			return always.Request(r)
		}
		if same := variant(tt.a) == variant(tt.b); same != tt.same {
			t.Errorf("Cookies %q: %q and %q have one variant: %v, want %v", tt.cookies, tt.a, tt.b, same, tt.same)
		}
		if same := key(tt.a) == key(tt.b); same != tt.same {
			t.Errorf("Cookies %q, in every key: %q and %q have one key: %v, want %v", tt.cookies, tt.a, tt.b, same, tt.same)
		}
		// A handler that is given what counts makes the page of the same key.
		for _, lines := range [][]string{tt.a, tt.b} {
			value, cut := variants.Cookie(with(lines))
			switch {
			case !cut:
				continue
			case value == "" && variant(lines) != variant(nil), value != "" && variant(lines) != variant([]string{value}):
				t.Errorf("Cookies %q: %q is cut to %q, which is another variant", tt.cookies, lines, value)
			}
			if again, cut := variants.Cookie(with([]string{value})); value != "" && cut {
				t.Errorf("Cookies %q: %q is cut to %q, and then to %q", tt.cookies, lines, value, again)
			}
		}
	}
}

func TestCookieNamesAreChecked(t *testing.T) {
	for _, name := range []string{"", "a b", "session=", "a;b", "_ga*", "ü"} {
		if _, err := keys.New("site", &keys.Options{Cookies: []string{name}}); !errors.Is(err, keys.ErrOptions) {
			t.Errorf("New with the cookie %q: %v, want ErrOptions", name, err)
		}
		if _, err := newBuilder(t, nil).WithCookies([]string{name}); !errors.Is(err, keys.ErrOptions) {
			t.Errorf("WithCookies(%q): %v, want ErrOptions", name, err)
		}
	}
}

func TestWithCookies(t *testing.T) {
	names := []string{"theme", "lang", "theme"}
	b := newBuilder(t, &keys.Options{Cookies: names, Headers: []string{"Cookie"}})
	if got, want := b.Cookies(), []string{"lang", "theme"}; !slices.Equal(got, want) {
		t.Errorf("Cookies() = %q, want %q", got, want)
	}
	all, err := b.WithCookies(nil)
	if err != nil || all.Cookies() != nil || b.Cookies() == nil {
		t.Errorf("WithCookies(nil): %v, all: %q, before: %q", err, all.Cookies(), b.Cookies())
	}
	none, err := b.WithCookies([]string{})
	if err != nil || none.Cookies() == nil {
		t.Errorf("WithCookies of none: %v, nil: %v", err, none.Cookies() == nil)
	}
	r := request(t, "/", "h")
	r.Header.Set("Cookie", "x=1")
	plain := request(t, "/", "h")
	if none.Request(r) != none.Request(plain) || all.Request(r) == all.Request(plain) {
		t.Error("a Builder does not go by its own cookies")
	}
}
