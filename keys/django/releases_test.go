package django_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/keys/django"
)

// Which part of a URL a release digests. The digests are those that Django 1.4
// printed for /blog/ and /blog/?page=2, which are the same where the scheme and
// the host do not count.
func TestDigestsPathOrQuery(t *testing.T) {
	const path, query = "f7aa5e7d8164aa09aacfe1de7eb14da6", "02877240d790189ca92e35cf60bcaf9e"
	for _, tt := range []struct {
		layout django.Layout
		want   string
	}{
		{django.Layout103, path},
		{django.Layout12, path},
		{django.Layout13, query},
		{django.Layout14, query},
		{django.Layout16, query},
	} {
		d := django.Site{Prefix: "cwx", Layout: tt.layout}
		r, err := http.NewRequest("GET", "http://example.com/blog/?page=2", nil)
		if err != nil {
			t.Fatal(err)
		}
		del, err := d.PurgeKeys("http://example.com/blog/?page=2")
		if err != nil {
			t.Fatal(err)
		}
		pattern, err := d.PurgePattern("http://example.com/blog/?page=2")
		if err != nil {
			t.Fatal(err)
		}
		page, list := d.PageKey(r, nil), d.ListKey(r)
		for _, got := range []string{page, list, pattern} {
			if !strings.Contains(got, "."+tt.want) {
				t.Errorf("layout %d: %s, want %s in it", tt.layout, got, tt.want)
			}
		}
		if !slices.Contains(del, page) || !slices.Contains(del, list) || !globMatch(pattern, page) {
			t.Errorf("layout %d: PurgeKeys = %q, PurgePattern = %s; want %s and %s", tt.layout, del, pattern, page, list)
		}
		plain, err := d.PurgeKeys("http://example.com/blog/")
		if err != nil {
			t.Fatal(err)
		}
		if same := slices.Equal(plain, del); same != (tt.want == path) {
			t.Errorf("layout %d: the keys with a query are those without: %v", tt.layout, same)
		}
	}
}

// On Python 2 a query that is not encoded comes out encoded once.
func TestQueryOnPython2(t *testing.T) {
	for _, layout := range []django.Layout{django.Layout13, django.Layout14, django.Layout16} {
		d := django.Site{Layout: layout}
		key := func(query string) string {
			return d.ListKey(&http.Request{Host: "h", URL: &url.URL{Path: "/", RawQuery: query}})
		}
		if got, want := key("q=caf\xc3\xa9"), key("q=caf%C3%A9"); got != want {
			t.Errorf("layout %d: ListKey = %s, want that of the encoded query, %s", layout, got, want)
		}
	}
}

func TestHeaderListByRelease(t *testing.T) {
	type releases map[string]django.Site
	for _, tt := range []struct {
		vary string
		want []string
		in   releases
	}{
		{"Cookie, Accept-Language", []string{"HTTP_COOKIE", "HTTP_ACCEPT_LANGUAGE"}, releases{
			"0.96 with I18N": {Layout: django.Layout096, Language: "de"},
			"1.4 with I18N":  {Layout: django.Layout14, Language: "de"},
			"1.3 with I18N":  {Layout: django.Layout13, Language: "de"},
		}},
		{"Cookie, Accept-Language", []string{"HTTP_COOKIE"}, releases{
			"1.6 with I18N": {Layout: django.Layout16, Language: "de"},
			"1.7 with I18N": {Layout: django.Layout17, Language: "de"},
			"6.0 with I18N": {Language: "de"},
			"6.1 with I18N": {Language: "de", Join: django.JoinLengths},
		}},
		{"Cookie, Accept-Language", []string{"HTTP_ACCEPT_LANGUAGE", "HTTP_COOKIE"}, releases{
			"1.6": {Layout: django.Layout16},
			"1.7": {Layout: django.Layout17},
			"6.0": {},
			"6.1": {Join: django.JoinLengthsMark},
		}},
		{"accept-language", []string{}, releases{"1.6 with I18N": {Layout: django.Layout16, Language: "de"}}},
		{" Cookie , Accept-Encoding ", []string{"HTTP_ACCEPT_ENCODING", "HTTP_COOKIE"}, releases{
			"6.1":   {Join: django.JoinLengths},
			"6.1.3": {Join: django.JoinLengthsMark},
		}},
		{" Cookie , Accept-Encoding ", []string{"HTTP_ COOKIE", "HTTP_ACCEPT_ENCODING "}, releases{
			"1.7":    {Layout: django.Layout17},
			"5.2.19": {Layout: django.Layout17, Join: django.JoinConcatMark},
			"6.0":    {},
		}},
		{" Cookie , Accept-Encoding ", []string{"HTTP_ COOKIE", "HTTP_ACCEPT_ENCODING "}, releases{
			"1.4": {Layout: django.Layout14},
		}},
		{", Cookie,, ,\tAccept-Encoding,", []string{"HTTP_ACCEPT_ENCODING", "HTTP_COOKIE"}, releases{
			"6.1": {Join: django.JoinLengths},
		}},
		{", Cookie,", []string{"HTTP_", "HTTP_", "HTTP_COOKIE"}, releases{"6.0": {}}},
		{", Cookie,", []string{"HTTP_", "HTTP_COOKIE", "HTTP_"}, releases{"1.4": {Layout: django.Layout14}}},
		{" ,\t", []string{}, releases{"6.1": {Join: django.JoinLengths}}},
		{" Accept-Language , Cookie", []string{"HTTP_COOKIE"}, releases{"6.1 with I18N": {Join: django.JoinLengths, Language: "de"}}},
		{" Accept-Language , Cookie", []string{"HTTP_ ACCEPT_LANGUAGE", "HTTP_COOKIE"}, releases{"6.0 with I18N": {Language: "de"}}},
		{"", []string{}, releases{"6.1": {Join: django.JoinLengths}, "6.0": {}, "1.4": {Layout: django.Layout14}}},
	} {
		for release, d := range tt.in {
			if got := d.HeaderList(tt.vary); !slices.Equal(got, tt.want) {
				t.Errorf("Django %s: HeaderList(%q) = %q, want %q", release, tt.vary, got, tt.want)
			}
		}
	}
}

// A name with white space around it is found by Django 6.1 alone.
func TestPaddedVaryFindsNothing(t *testing.T) {
	key := func(d django.Site, cookie string) string {
		r := &http.Request{Host: "h", URL: &url.URL{Path: "/"}, Header: http.Header{"Cookie": {cookie}}}
		return d.PageKey(r, d.HeaderList(" Cookie"))
	}
	for release, d := range map[string]django.Site{"1.7": {Layout: django.Layout17}, "6.0": {}, "6.0.10": {Join: django.JoinConcatMark}} {
		if key(d, "a=1") != key(d, "a=2") {
			t.Errorf("Django %s: two cookies have two pages, want one", release)
		}
	}
	if d := (django.Site{Join: django.JoinLengths}); key(d, "a=1") == key(d, "a=2") {
		t.Error("Django 6.1: two cookies have one page, want two")
	}
}

func TestCookiesByInterface(t *testing.T) {
	key := func(d django.Site, lines ...string) string {
		r := &http.Request{Host: "h", URL: &url.URL{Path: "/"}, Header: http.Header{"Cookie": lines, "X-Other": lines}}
		return d.PageKey(r, []string{"HTTP_COOKIE"})
	}
	for _, tt := range []struct {
		release    string
		site       django.Site
		cuts       bool   // what follows the last cookie
		separators string // between two lines
	}{
		{"6.0 over ASGI", django.Site{ASGI: true}, true, "; "},
		{"6.0.10 over ASGI", django.Site{ASGI: true, Join: django.JoinConcatMark}, true, "; "},
		{"6.1 over ASGI", django.Site{ASGI: true, Join: django.JoinLengths}, true, "; "},
		{"6.1.3 over ASGI", django.Site{ASGI: true, Join: django.JoinLengthsMark}, true, "; "},
		{"5.2 over ASGI", django.Site{ASGI: true, Layout: django.Layout17}, false, ","},
		{"5.2.19 over ASGI", django.Site{ASGI: true, Layout: django.Layout17, Join: django.JoinConcatMark}, false, ","},
		{"6.0 over WSGI", django.Site{}, false, "; "},
		{"6.1 over WSGI", django.Site{Join: django.JoinLengths}, false, "; "},
		{"1.4", django.Site{Layout: django.Layout14}, false, "; "},
	} {
		for _, tail := range []string{";", "; ", " ", ";;", "; ; ", ";  "} {
			if got := key(tt.site, "a=1"+tail) == key(tt.site, "a=1"); got != tt.cuts {
				t.Errorf("Django %s: Cookie %q is \"a=1\": %v, want %v", tt.release, "a=1"+tail, got, tt.cuts)
			}
		}
		for _, other := range []string{" a=1", ";a=1", "a=1; b=2", "a=1;b=2", "a=1\t"} {
			if key(tt.site, other) == key(tt.site, "a=1") {
				t.Errorf("Django %s: Cookie %q is \"a=1\"", tt.release, other)
			}
		}
		if got, want := key(tt.site, "a=1", "b=2"), key(tt.site, "a=1"+tt.separators+"b=2"); got != want {
			t.Errorf("Django %s: two lines have the key %s, want %s, that of both with %q between", tt.release, got, want, tt.separators)
		}
	}
	// Another field keeps its end.
	d := django.Site{ASGI: true}
	other := func(value string) string {
		r := &http.Request{Host: "h", URL: &url.URL{Path: "/"}, Header: http.Header{"X-Other": {value}}}
		return d.PageKey(r, []string{"HTTP_X_OTHER"})
	}
	if other("a=1; ") == other("a=1") {
		t.Error("X-Other: \"a=1; \" is \"a=1\"")
	}
	// Lines end one by one.
	if key(d, "a=1; ", "b=2;") != key(d, "a=1; b=2") {
		t.Error("two lines that end in a semicolon are not the two cookies")
	}
	// A cookie field with nothing in it is there, and empty.
	if mark := (django.Site{ASGI: true, Join: django.JoinLengthsMark}); key(mark, "; ") != key(mark, "") || key(mark, "") == key(mark) {
		t.Error("a Cookie field of a semicolon is not an empty one")
	}
}
