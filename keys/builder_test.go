package keys_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/uncache/uncache/keys"
)

func TestOptionsAreValidated(t *testing.T) {
	for _, tt := range []struct {
		prefix string
		opts   keys.Options
		names  string
	}{
		{"a:b", keys.Options{}, "New: prefix"},
		{"a b", keys.Options{}, "New: prefix"},
		{"a*", keys.Options{}, "New: prefix"},
		{"é", keys.Options{}, "New: prefix"},
		{"a", keys.Options{MaxURI: -1}, "Options.MaxURI"},
		{"a", keys.Options{MaxURI: 63}, "Options.MaxURI"},
		{"a", keys.Options{Headers: []string{""}}, "Options.Headers"},
		{"a", keys.Options{Headers: []string{"*"}}, "Options.Headers"},
		{"a", keys.Options{Headers: []string{"Accept Language"}}, "Options.Headers"},
		{"a", keys.Options{Headers: []string{"Accept:"}}, "Options.Headers"},
		{"a", keys.Options{Query: []string{""}}, "Options.Query"},
		{"a", keys.Options{Hosts: []string{""}}, "Options.Hosts"},
		{"a", keys.Options{Hosts: []string{"http://h"}}, "Options.Hosts"},
	} {
		b, err := keys.New(tt.prefix, &tt.opts)
		if b != nil || !errors.Is(err, keys.ErrOptions) || !strings.HasPrefix(err.Error(), "keys: "+tt.names) {
			t.Errorf("New(%q, %+v) = %v, %v; want ErrOptions that names %s", tt.prefix, tt.opts, b, err, tt.names)
		}
	}
	_, err := keys.New("a", &keys.Options{Hosts: []string{"a/b"}})
	if !errors.Is(err, keys.ErrHost) {
		t.Errorf("Hosts: %v, want ErrHost", err)
	}
}

// What people write in place of a host or a parameter would match no request: with
// a word on what to write.
func TestOptionsSayWhatToWrite(t *testing.T) {
	for _, tt := range []struct {
		opts keys.Options
		says string
	}{
		{keys.Options{Hosts: []string{"example.com", "*"}}, `Options.Hosts: "*": malformed host: there are no patterns`},
		{keys.Options{Hosts: []string{"*.example.com"}}, "there are no patterns"},
		{keys.Options{Hosts: []string{"https://example.com"}}, `want the host alone, with a port unless it is 80 or 443: "example.com"`},
		{keys.Options{Hosts: []string{"example.com/"}}, "want the host alone"},
		{keys.Options{Hosts: []string{"//example.com"}}, "want the host alone"},
		{keys.Options{Hosts: []string{"bücher.de"}}, `want its ASCII form, which is what browsers send: "xn--..."`},
		{keys.Options{Hosts: []string{"bücher.de:8080"}}, "want its ASCII form"},
		{keys.Options{Query: []string{"q", "?page="}}, `Options.Query: "?page=": want the name of one parameter alone`},
		{keys.Options{Query: []string{"page=1"}}, "want the name of one parameter alone"},
		{keys.Options{Query: []string{"page&q"}}, "want the name of one parameter alone"},
		{keys.Options{Query: []string{"*"}}, "nil lets all parameters count"},
		{keys.Options{Query: []string{"utm_*"}}, "there are no patterns"},
	} {
		if b, err := keys.New("a", &tt.opts); b != nil || !errors.Is(err, keys.ErrOptions) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("New(%+v) = %v, %v; want ErrOptions, with %q", tt.opts, b, err, tt.says)
		}
	}
	if _, err := keys.New("a", &keys.Options{
		Hosts: []string{"xn--bcher-kva.de", "[::1]:8080", "localhost:8080", "example.com."},
		Query: []string{"ids[]", "page size", "é", "filter[a]", "a*b"},
	}); err != nil {
		t.Errorf("good options: %v", err)
	}
}

// Check knows why Request gives no key.
func TestCheck(t *testing.T) {
	b := newBuilder(t, &keys.Options{Hosts: []string{"h"}, Query: []string{"page"}})
	for _, tt := range []struct {
		target, host string
		change       func(r *http.Request)
		want         error
	}{
		{"/x?page=2&utm=1", "h", nil, nil},
		{"/x", "127.0.0.1:8080", nil, keys.ErrForeignHost},
		{"/x", "a b", nil, keys.ErrHost},
		{"/x", "", nil, keys.ErrHost},
		{"/x?a;b", "h", nil, keys.ErrQuery},
		{"/a/../x", "h", nil, keys.ErrDotSegment},
		{"/\xc3\xa9%2Fb", "h", nil, keys.ErrPath},
		{"/x", "h", func(r *http.Request) { r.Method = "CONNECT" }, keys.ErrURL},
		{"/x", "h", func(r *http.Request) { r.URL = nil }, keys.ErrURL},
		{"ftp://h/x", "h", nil, keys.ErrURL},
	} {
		r := request(t, tt.target, tt.host)
		if tt.change != nil {
			tt.change(r)
		}
		err := b.Check(r)
		if !errors.Is(err, tt.want) || (err == nil) != b.Request(r).Valid() {
			t.Errorf("Check of %q on %q: %v, want %v; its key: %q", tt.target, tt.host, err, tt.want, b.Request(r))
		}
	}
}

// Options are the caller's, and how they are written does not matter.
func TestOptionsAreCanonical(t *testing.T) {
	headers := []string{"cookie", "ACCEPT", "Cookie"}
	query := []string{"page size", "é"}
	hosts := []string{"EXAMPLE.com:80", "example.com"}
	x := newBuilder(t, &keys.Options{Headers: headers, Query: query, Hosts: hosts})
	headers[0], query[0], hosts[0] = "X", "X", "x"
	y := newBuilder(t, &keys.Options{Headers: []string{"Accept", "Cookie"}, Query: []string{"é", "page size"}, Hosts: []string{"example.com"}})
	r := request(t, "/?page+size=1&%c3%a9=2&other=3", "example.com")
	r.Header.Set("Cookie", "a=1")
	if got, want := x.Request(r), y.Request(r); got != want || !got.Valid() {
		t.Errorf("keys %s and %s, want equal", got, want)
	}
	if got, want := x.Request(r).URI(), "example.com/?%C3%A9=2&page+size=1"; got != want {
		t.Errorf("URI = %q, want %q", got, want)
	}
	if got := len(x.PathKeys("/")); got != 2 {
		t.Errorf("%d PathKeys for one host written twice, want 2", got)
	}
}

func TestQueryOption(t *testing.T) {
	for _, tt := range []struct {
		only      []string
		raw, want string
	}{
		{nil, "utm=1&page=2&a;b", "h/?page=2&utm=1&a;b"},
		{[]string{}, "utm=1&page=2", "h/"},
		{[]string{}, "utm=1&page=2&a;b", ""},
		{[]string{"page"}, "utm=1&page=2", "h/?page=2"},
		{[]string{"page"}, "page=2&a;b", ""},
		{[]string{"page"}, "page=2&%zz", ""},
		{[]string{"page"}, "page=%zz", ""},
		{[]string{"page"}, "utm=1", "h/"},
		{[]string{"page"}, "page=2&page=1&%70age=3", "h/?page=2&page=1&page=3"},
	} {
		b := newBuilder(t, &keys.Options{Query: tt.only})
		if got := b.Request(request(t, "/?"+tt.raw, "h")).URI(); got != tt.want {
			t.Errorf("Query %q: URI of %q is %q, want %q", tt.only, tt.raw, got, tt.want)
		}
	}
}

func TestHosts(t *testing.T) {
	b := newBuilder(t, &keys.Options{Hosts: []string{"www.example.com", "example.com:8080"}})
	for host, want := range map[string]string{
		"www.example.com":     "www.example.com/x",
		"WWW.example.com.:80": "www.example.com/x",
		"example.com:8080":    "example.com:8080/x",
		"example.com":         "",
		"evil.example":        "",
	} {
		if got := b.Request(request(t, "/x", host)).URI(); got != want {
			t.Errorf("URI for host %q = %q, want %q", host, got, want)
		}
	}
	if _, err := b.URL("http://evil.example/"); !errors.Is(err, keys.ErrForeignHost) {
		t.Errorf("URL of a foreign host: %v, want ErrForeignHost", err)
	}
	if _, err := newBuilder(t, nil).URL("/x"); !errors.Is(err, keys.ErrNoHost) {
		t.Errorf("URL without a host: %v, want ErrNoHost", err)
	}
	if got := newBuilder(t, nil).PathKeys("/x"); got != nil {
		t.Errorf("PathKeys without hosts = %q, want none", got)
	}
	if got := b.PathKeys("x"); got != nil {
		t.Errorf("PathKeys of no path = %q, want none", got)
	}
}

// URL and PathKeys name what Request names.
func TestKeysThatAPurgeComputes(t *testing.T) {
	opts := &keys.Options{Headers: []string{"Cookie"}, Hosts: []string{"h", "g:81"}}
	b := newBuilder(t, opts)
	byPath := map[keys.Key]bool{}
	for _, k := range b.PathKeys("/%61") {
		byPath[k] = true
	}
	for _, host := range opts.Hosts {
		for _, scheme := range []string{"http", "https"} {
			r := request(t, "/a", host)
			if scheme == "https" {
				r.TLS = &tls.ConnectionState{}
			}
			want := b.Request(r)
			got, err := b.URL(scheme + "://" + host + "/a")
			if got != want || err != nil {
				t.Errorf("URL = %s, %v; want %s", got, err, want)
			}
			if !byPath[want] {
				t.Errorf("%s is not among the PathKeys %v", want, byPath)
			}
			delete(byPath, want)
		}
	}
	if len(byPath) != 0 {
		t.Errorf("PathKeys that no request has: %v", byPath)
	}
	got, err := b.URL("/a?q")
	if want := b.Request(request(t, "/a?q", "h")); got != want || err != nil {
		t.Errorf("URL without a host = %s, %v; want %s", got, err, want)
	}
}

// Several goroutines use one Builder; the race detector watches.
func TestConcurrentUse(t *testing.T) {
	b := newBuilder(t, &keys.Options{Headers: []string{"Cookie"}, Query: []string{"a"}, Hosts: []string{"h"}})
	want := b.Request(request(t, "/?b&a", "h"))
	done := make(chan keys.Key)
	for range 4 {
		r := request(t, "/?b&a", "h")
		go func(r *http.Request) {
			var k keys.Key
			for range 100 {
				k = b.Request(r)
			}
			done <- k
		}(r)
	}
	for range 4 {
		if got := <-done; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
