package keys_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/keys"
)

func Example() {
	b, err := keys.New("site", &keys.Options{Hosts: []string{"example.com"}})
	if err != nil {
		fmt.Println(err)
	}
	for _, target := range []string{
		"http://example.com/caf%c3%a9/?page=2&lang=fr",
		"http://example.com:80/caf%C3%A9/?lang=fr&page=2",
	} {
		fmt.Println(b.Request(httptest.NewRequest("GET", target, nil)))
	}
	purge, err := keys.URI("https://example.com/café/?lang=fr&page=2#menu")
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(purge)
	// Output:
	// site:example.com/caf%C3%A9/?lang=fr&page=2:72de31c2654c153d5ff36bd7f80fb1e3
	// site:example.com/caf%C3%A9/?lang=fr&page=2:72de31c2654c153d5ff36bd7f80fb1e3
	// example.com/caf%C3%A9/?lang=fr&page=2
}

func ExampleBuilder_PathKeys() {
	b, err := keys.New("site", &keys.Options{Hosts: []string{"example.com"}})
	if err != nil {
		fmt.Println(err)
	}
	for _, key := range b.PathKeys("/blog/") {
		fmt.Println(key)
	}
	// Output:
	// site:example.com/blog/:72de31c2654c153d5ff36bd7f80fb1e3
	// site:example.com/blog/:f4c56242188384964a7bba12c7aea17c
}

func newBuilder(t testing.TB, opts *keys.Options) *keys.Builder {
	t.Helper()
	b, err := keys.New("p", opts)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// request is a request as a server sees it that was sent this target, in origin
// or absolute form, to this host.
func request(t testing.TB, target, host string) *http.Request {
	t.Helper()
	u, err := url.ParseRequestURI(target)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Request{Method: "GET", URL: u, Host: host, Header: http.Header{}}
}

func TestPath(t *testing.T) {
	tests := []struct {
		path, want string
		err        error
		rule       string
	}{
		{"/", "/", nil, "the root"},
		{"/a/b/", "/a/b/", nil, "a last slash is kept"},
		{"/a//b", "/a//b", nil, "RFC 3986 §3.3: empty segments are segments"},
		{"//a", "//a", nil, "RFC 3986 §3.3: empty segments are segments"},
		{"/%61%7e", "/a~", nil, "RFC 3986 §6.2.2.2: unreserved characters are not encoded"},
		{"/%c3%a9", "/%C3%A9", nil, "RFC 3986 §6.2.2.1: hexadecimal digits in upper case"},
		{"/é b", "/%C3%A9%20b", nil, "RFC 3986 §2.1: the rest is encoded"},
		{"/a%2fb", "/a%2Fb", nil, "RFC 3986 §2.2: an encoded delimiter is not the delimiter"},
		{"/a%3Fb%23c", "/a%3Fb%23c", nil, "RFC 3986 §2.2: an encoded delimiter is not the delimiter"},
		{"/%21:@;,=+", "/!:@;,=+", nil, "RFC 3986 §3.3: pchar; handlers see no difference"},
		{"/a+b", "/a+b", nil, "a plus is a plus in a path"},
		{"/100%25", "/100%25", nil, "RFC 3986 §2.4: the percent sign is encoded"},
		{"/...", "/...", nil, "three dots are a name"},
		{"/.a", "/.a", nil, "a dot before a name"},
		{"", "", keys.ErrPath, "RFC 9110 §4.1: a path begins with a slash"},
		{"a", "", keys.ErrPath, "RFC 9110 §4.1: a path begins with a slash"},
		{"/100%", "", keys.ErrPath, "RFC 3986 §2.1"},
		{"/%4", "", keys.ErrPath, "RFC 3986 §2.1"},
		{"/%zz", "", keys.ErrPath, "RFC 3986 §2.1"},
		{"/a?b", "", keys.ErrPath, "a query is not a part of a path"},
		{"/a#b", "", keys.ErrPath, "a fragment is not a part of a path"},
		{"/.", "", keys.ErrDotSegment, "RFC 3986 §5.2.4"},
		{"/a/../b", "", keys.ErrDotSegment, "RFC 3986 §5.2.4"},
		{"/a/./", "", keys.ErrDotSegment, "RFC 3986 §5.2.4"},
		{"/a/%2E%2e", "", keys.ErrDotSegment, "RFC 3986 §6.2.2.2 before §6.2.2.3"},
	}
	for _, tt := range tests {
		got, err := keys.Path(tt.path)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("Path(%q) = %q, %v; want %q, %v (%s)", tt.path, got, err, tt.want, tt.err, tt.rule)
		}
	}
}

func TestURI(t *testing.T) {
	tests := []struct {
		url, want string
		err       error
		rule      string
	}{
		{"http://Example.COM/", "example.com/", nil, "RFC 9110 §4.2.3: hosts are case-insensitive"},
		{"HTTPS://example.com/x", "example.com/x", nil, "the scheme is left out"},
		{"//example.com/x", "example.com/x", nil, "RFC 3986 §4.2: network-path reference"},
		{"/x?b&a", "/x?a&b", nil, "no host"},
		{"http://example.com", "example.com/", nil, "RFC 9110 §4.2.3: an empty path is /"},
		{"http://example.com?a", "example.com/?a", nil, "RFC 9110 §4.2.3: an empty path is /"},
		{"http://example.com:/x", "example.com/x", nil, "RFC 3986 §6.2.3: an empty port is the default"},
		{"http://example.com:80/x", "example.com/x", nil, "RFC 9110 §4.2.3: the default port"},
		{"https://example.com:443/x", "example.com/x", nil, "RFC 9110 §4.2.3: the default port"},
		{"http://example.com:443/x", "example.com/x", nil, "a proxy may have ended TLS"},
		{"http://example.com:08080/x", "example.com:8080/x", nil, "RFC 3986 §3.2.3: a port is a number"},
		{"http://example.com./x", "example.com/x", nil, "RFC 3986 §3.2.2: the root of the DNS"},
		{"http://[2001:DB8:0::1]:80/", "[2001:db8::1]/", nil, "RFC 5952 §4"},
		{"http://[::1]:8080/", "[::1]:8080/", nil, "RFC 3986 §3.2.2"},
		{"http://h/a#b", "h/a", nil, "RFC 9110 §4.2.5: a fragment is not sent"},
		{"http://h/é%2Fb", "h/%C3%A9%2Fb", nil, "as a client sends it"},
		{"http://h/?b=2&a=1&b=1", "h/?a=1&b=2&b=1", nil, "sorted by name, equal names in their order"},
		{"http://h/?a=%7e%2f%20+%2b", "h/?a=~/++%2B", nil, "as url.ParseQuery reads it"},
		{"http://h/?a=b=c", "h/?a=b%3Dc", nil, "as url.ParseQuery reads it"},
		{"http://h/?a=", "h/?a", nil, "as url.ParseQuery reads it"},
		{"http://h/?=a&=", "h/?=a&=", nil, "as url.ParseQuery reads it"},
		{"http://h/?&&a&&", "h/?a", nil, "as url.ParseQuery reads it"},
		{"http://h/?", "h/", nil, "nothing is no query"},
		{"http://h/?&", "h/", nil, "nothing is no query"},
		{"http://h/?b=%zz&a;c&a", "h/?a&b=%zz&a;c", nil, "what ParseQuery drops is kept behind the rest"},
		{"http://h/?a;|", "h/?a;%7C", nil, "RFC 3986 §2.1"},

		{"", "", keys.ErrURL, "no path"},
		{"x/y", "", keys.ErrURL, "a relative path"},
		{"?a", "", keys.ErrURL, "no path"},
		{"http:///x", "", keys.ErrURL, "RFC 9110 §4.2.1: an empty host is invalid"},
		{"ftp://h/", "", keys.ErrURL, "RFC 9110 §4.2"},
		{"mailto:a@h", "", keys.ErrURL, "RFC 9110 §4.2"},
		{"http://u:p@h/", "", keys.ErrURL, "RFC 9110 §4.2.4"},
		{"http://h/%zz", "", keys.ErrURL, "RFC 3986 §2.1"},
		{"http://h/\n", "", keys.ErrURL, "RFC 3986 §2"},
		{"http://h/a/../b", "", keys.ErrDotSegment, "RFC 3986 §5.2.4"},
		{"http://bücher.example/", "", keys.ErrHost, "RFC 3986 §3.2.2"},
		{"http://h:99999/", "", keys.ErrHost, "RFC 3986 §3.2.3"},
		{"http://./", "", keys.ErrHost, "RFC 3986 §3.2.2"},
		{"http://h../", "", keys.ErrHost, "RFC 3986 §3.2.2"},
		{"http://[fe80::1%25eth0]/", "", keys.ErrHost, "RFC 6874: zones mean nothing to others"},
	}
	for _, tt := range tests {
		got, err := keys.URI(tt.url)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("URI(%q) = %q, %v; want %q, %v (%s)", tt.url, got, err, tt.want, tt.err, tt.rule)
		}
	}
}

// Requests that must not be stored have no key.
func TestNoKey(t *testing.T) {
	b := newBuilder(t, nil)
	good := func() *http.Request { return request(t, "/x", "h") }
	if !b.Request(good()).Valid() {
		t.Fatal("a plain request has no key")
	}
	for rule, change := range map[string]func(r *http.Request){
		"RFC 9110 §9.3.6: CONNECT has no page":           func(r *http.Request) { r.Method = "CONNECT" },
		"RFC 9112 §3.2.4: asterisk form":                 func(r *http.Request) { r.URL = &url.URL{Path: "*"} },
		"no URL":                                         func(r *http.Request) { r.URL = nil },
		"no path, which a ServeMux redirects":            func(r *http.Request) { r.URL.Path = "" },
		"opaque":                                         func(r *http.Request) { r.URL.Opaque = "x" },
		"RFC 9110 §4.2.4: user information":              func(r *http.Request) { r.URL.User = url.User("u") },
		"RFC 9110 §4.2: a scheme without authority":      func(r *http.Request) { r.URL.Scheme = "ftp" },
		"RFC 9110 §7.1: no host, no target URI":          func(r *http.Request) { r.Host = "" },
		"RFC 9110 §7.2: a malformed host":                func(r *http.Request) { r.Host = "a/b" },
		"a malformed host: white space":                  func(r *http.Request) { r.Host = "a b" },
		"a malformed host: IPv6 without brackets":        func(r *http.Request) { r.Host = "::1" },
		"a malformed host: IPv4 in brackets":             func(r *http.Request) { r.Host = "[127.0.0.1]" },
		"a malformed host: brackets that don't close":    func(r *http.Request) { r.Host = "[::1" },
		"a malformed host: text behind the brackets":     func(r *http.Request) { r.Host = "[::1]x" },
		"a malformed port":                               func(r *http.Request) { r.Host = "h:http" },
		"a malformed port: a sign":                       func(r *http.Request) { r.Host = "h:+80" },
		"a dot segment":                                  func(r *http.Request) { r.URL.Path = "/a/../x" },
		"a dot segment, encoded":                         func(r *http.Request) { r.URL = request(t, "/a/%2e%2e/x", "h").URL },
		"a dot segment behind encoded slashes":           func(r *http.Request) { r.URL = request(t, "/x%2F..%2Faccount/", "h").URL },
		"a dot segment before an encoded slash":          func(r *http.Request) { r.URL = request(t, "/.%2faccount/", "h").URL },
		"a dot segment, encoded, at an encoded slash":    func(r *http.Request) { r.URL = request(t, "/x%2F%2e", "h").URL },
		"an empty segment":                               func(r *http.Request) { r.URL.Path = "/a//x" },
		"an empty segment at the beginning":              func(r *http.Request) { r.URL.Path = "//account/" },
		"an empty segment at the end":                    func(r *http.Request) { r.URL.Path = "/account//" },
		"an empty segment before an encoded slash":       func(r *http.Request) { r.URL = request(t, "/%2Faccount/", "h").URL },
		"an empty segment behind an encoded slash":       func(r *http.Request) { r.URL = request(t, "/account%2F/", "h").URL },
		"an empty segment that the client asked for":     func(r *http.Request) { r.RequestURI = "//x" },
		"a dot segment that the client asked for":        func(r *http.Request) { r.RequestURI = "/y%2F..%2Fx" },
		"RequestURI in no form that has a path":          func(r *http.Request) { r.RequestURI = "x" },
		"an encoded slash that the mux takes for a real": func(r *http.Request) { r.URL = request(t, "/\xc3\xa9%2Fb", "h").URL },
	} {
		r := good()
		change(r)
		dst, ok := b.AppendRequest([]byte("dst"), r)
		if k := b.Request(r); k.Valid() || k != (keys.Key{}) || ok || string(dst) != "dst" {
			t.Errorf("%s: Request = %q, AppendRequest = %q, %v; want none", rule, k, dst, ok)
		}
	}
}

// What tells two pages apart, and what does not.
func TestRequestsMeet(t *testing.T) {
	tls := &tls.ConnectionState{}
	with := func(r *http.Request, change func(r *http.Request)) *http.Request {
		change(r)
		return r
	}
	header := func(lines ...string) *http.Request {
		return with(request(t, "/", "h"), func(r *http.Request) { r.Header["Accept-Language"] = lines })
	}
	cookie := func(lines ...string) *http.Request {
		return with(request(t, "/", "h"), func(r *http.Request) { r.Header["Cookie"] = lines })
	}
	secure := func(r *http.Request) *http.Request {
		return with(r, func(r *http.Request) { r.TLS = tls })
	}
	get := func(target string) *http.Request { return request(t, target, "h") }
	opts := &keys.Options{Headers: []string{"accept-language", "Cookie"}}
	b := newBuilder(t, opts)
	for _, tt := range []struct {
		rule string
		x, y *http.Request
		meet bool
	}{
		{"the same", get("/"), get("/"), true},
		{"RFC 9112 §3.2.2: absolute form", get("/a"), get("http://h/a"), true},
		{"RFC 9110 §4.2.3: default port", request(t, "/", "h:80"), get("/"), true},
		{"RFC 9110 §4.2.3: default port, https", secure(request(t, "/", "h:443")), secure(get("/")), true},
		{"RFC 9110 §9.3.2: HEAD is GET without content", with(get("/"), func(r *http.Request) { r.Method = "HEAD" }), get("/"), true},
		{"another scheme", secure(get("/")), get("/"), false},
		{"a scheme that is only claimed", get("https://h/a"), get("/a"), false},
		{"a scheme that is only claimed is not believed", get("https://h/a"), secure(get("/a")), false},
		{"the other scheme's port", request(t, "/", "h:443"), get("/"), false},
		{"the other scheme's port, https", secure(request(t, "/", "h:80")), secure(get("/")), false},
		{"a last dot", request(t, "/", "h."), get("/"), false},
		{"a host in upper case, which a ServeMux routes elsewhere", request(t, "/", "H"), get("/"), false},
		{"another upper case", request(t, "/", "Hh"), request(t, "/", "hH"), false},
		{"upper case and a last dot", request(t, "/", "H."), request(t, "/", "h."), false},
		{"upper case and a last dot or none", request(t, "/", "H."), request(t, "/", "H"), false},
		{"zeros before a port", request(t, "/", "h:0081"), request(t, "/", "h:81"), false},
		{"zeros before the default port", request(t, "/", "h:080"), get("/"), false},
		{"RFC 3986 §6.2.3: an empty port", request(t, "/", "h:"), get("/"), true},
		{"a longer IPv6 address", request(t, "/", "[0:0::1]"), request(t, "/", "[::1]"), false},
		{"an IPv6 address in upper case", request(t, "/", "[::A]"), request(t, "/", "[::a]"), false},
		{"a default port that a ServeMux takes off with the brackets", request(t, "/", "[::1]:80"), request(t, "/", "[::1]"), false},
		{"the same, empty", request(t, "/", "[::1]:"), request(t, "/", "[::1]"), false},
		{"another host", request(t, "/", "g"), get("/"), false},
		{"another port", request(t, "/", "h:81"), get("/"), false},
		{"an encoded slash", get("/a%2Fb"), get("/a/b"), false},
		{"a last slash", get("/a/"), get("/a"), false},
		{"another order of one name", get("/?a=1&a=2"), get("/?a=2&a=1"), false},
		{"a parameter or a path", get("/?a"), get("/%3Fa"), false},
		{"an encoded ampersand", get("/?a=1%26b"), get("/?a=1&b"), false},
		{"an encoded plus", get("/?a=%2B"), get("/?a=+"), false},
		{"an encoded semicolon", get("/?a%3Bb"), get("/?a;b"), false},
		{"a broken escape", get("/?a=%zz"), get("/?a=%25zz"), false},
		{"a parameter that ParseQuery drops", get("/?a;b"), get("/"), false},
		{"RFC 9110 §5.3: lines are combined", header("de", "en"), header("de, en"), true},
		{"RFC 9110 §5.5: white space around a value", header("\tde "), header("de"), true},
		{"RFC 9113 §8.2.3: crumbs of a cookie", cookie("a=1", "b=2"), cookie("a=1; b=2"), true},
		{"a cookie with a comma", cookie("a=1", "b=2"), cookie("a=1, b=2"), false},
		{"RFC 9111 §4.1: absent is not empty", header(), header(""), false},
		{"another value", header("de"), header("en"), false},
		{"the value of another field", header("a"), cookie("a"), false},
	} {
		x, y := b.Request(tt.x), b.Request(tt.y)
		if !x.Valid() || !y.Valid() || (x == y) != tt.meet || (x.String() == y.String()) != tt.meet {
			t.Errorf("%s: got %s and %s, want equal: %v", tt.rule, x, y, tt.meet)
		}
		fields := []string{"Accept-Language", "Cookie"}
		vx := string(b.AppendVariant(nil, []byte("key"), fields, tt.x.Header))
		vy := string(b.AppendVariant(nil, []byte("key"), fields, tt.y.Header))
		if got, want := vx == vy, tt.meet || len(tt.x.Header)+len(tt.y.Header) == 0; got != want {
			t.Errorf("%s: variants %s and %s, want equal: %v", tt.rule, vx, vy, want)
		}
	}
}

// ServeMux compares hosts byte by byte: what it routes to two handlers must not
// share a key. A purge of any spelling finds them all, and URL has the key of
// the one that browsers use.
func TestSpellingsOfHosts(t *testing.T) {
	mux := http.NewServeMux()
	for _, host := range []string{"", "h", "h.", "H", "[::a]", "::a", "[::A]", "[0::a]", "0::a", "::A"} {
		mux.HandleFunc(host+"/", func(http.ResponseWriter, *http.Request) {})
	}
	b := newBuilder(t, nil)
	for uri, spellings := range map[string][]string{
		"h/":        {"h", "h:", "h:80", "h:080", "h:443", "h:0443", "H", "H:", "H:80", "H:443", "h.", "h.:80", "H."},
		"h:81/":     {"h:81", "h:081", "H:81", "h.:81", "H.:81"},
		"[::a]/":    {"[::a]", "[::a]:", "[::a]:80", "[::a]:443", "[::A]", "[0::a]", "[0::a]:80", "[::A]:"},
		"[::a]:81/": {"[::a]:81", "[::a]:081", "[::A]:81", "[0::a]:81"},
	} {
		routes := make(map[keys.Key]string)
		for _, host := range spellings {
			r := request(t, "/", host)
			k := b.Request(r)
			if k.URI() != uri {
				t.Errorf("a request to %s has the URI %q, want %q", host, k.URI(), uri)
			}
			_, route := mux.Handler(r)
			if before, ok := routes[k]; ok && before != route {
				t.Errorf("a request to %s, routed to %q, shares %s with one that is routed to %q", host, route, k, before)
			}
			routes[k] = route
		}
	}
	for written, sent := range map[string]string{
		"H": "h", "h:": "h", "h:080": "h", "H.:080": "h.", "H:443": "h:443", "h:081": "h:81",
		"[0::A]:80": "[::a]", "[::a]:443": "[::a]:443", "h:0": "h:0",
	} {
		want := b.Request(request(t, "/", sent))
		if got, err := b.URL("http://" + written + "/"); got != want || err != nil {
			t.Errorf("URL of host %s = %s, %v; want %s, of a request to %s", written, got, err, want, sent)
		}
	}
}

func TestLongURI(t *testing.T) {
	b := newBuilder(t, &keys.Options{MaxURI: 64, Hosts: []string{"h"}})
	for n, cut := range map[int]bool{64: false, 65: true, 4000: true} {
		path := "/" + strings.Repeat("x", n-len("h/"))
		x := b.Request(request(t, path, "h"))
		y := b.Request(request(t, path[:n-2]+"y", "h"))
		text := strings.TrimPrefix(x.String(), "p:")
		if uri := text[:len(text)-33]; len(uri) != 64 || strings.Contains(uri, "|") != cut {
			t.Errorf("the URI of %d bytes is %q in the key, want 64 bytes, cut: %v", n, uri, cut)
		}
		if x == y || x.String() == y.String() {
			t.Errorf("two URIs of %d bytes share the key %s", n, x)
		}
		if x.Path() != path || x.URI() != "h"+path || x.Target() != path {
			t.Errorf("URI = %q, Target = %q, Path = %q; want them whole", x.URI(), x.Target(), x.Path())
		}
		if got := b.PathKeys(path); len(got) != 2 || got[0] != x || got[1].URI() != x.URI() || got[1] == x {
			t.Errorf("PathKeys(%q) = %q, want %q and another", path, got, x)
		}
	}
}

// A middleware may change Path and leave RawPath as it was; then handlers and
// ServeMux go by Path, see url.URL.EscapedPath.
func TestStaleRawPath(t *testing.T) {
	b := newBuilder(t, nil)
	for _, u := range []url.URL{
		{Path: "/b", RawPath: "/a"},
		{Path: "/ab", RawPath: "/a"},
		{Path: "/a", RawPath: "/ab"},
		{Path: "/a", RawPath: "/%zz"},
		{Path: "/a/b", RawPath: "/x%2Fb"},
	} {
		r := &http.Request{URL: &u, Host: "h"}
		if got := b.Request(r).Path(); got != u.EscapedPath() {
			t.Errorf("Path of %#v = %q, want %q", u, got, u.EscapedPath())
		}
	}
}

// Long queries are sorted in another way than short ones.
func TestManyParameters(t *testing.T) {
	var raw, a, z, malformed []string
	for i := range keys.MaxParameters / 3 {
		a = append(a, fmt.Sprintf("a=%d", 100-i))
		z = append(z, fmt.Sprintf("z=%d", i%7))
		malformed = append(malformed, fmt.Sprintf("%d;", 100-i))
		raw = append(raw, malformed[i], z[i], a[i])
	}
	want := "/?" + strings.Join(slices.Concat(a, z, malformed), "&")
	if got, err := keys.URI("/?" + strings.Join(raw, "&")); got != want || err != nil {
		t.Errorf("URI of %q\n got %q, %v\nwant %q", raw, got, err, want)
	}
}

// Values that look like what separates values.
func TestVariantsDoNotRunTogether(t *testing.T) {
	b := newBuilder(t, nil)
	filler := strings.Repeat("x", 64)
	for _, tt := range []struct {
		fields []string
		x, y   http.Header
	}{
		{
			[]string{"X-A", "X-B"},
			http.Header{"X-A": {"a\x03X-B\x01b"}, "X-B": {"c"}},
			http.Header{"X-A": {"a"}, "X-B": {"b\x03X-B\x01c"}},
		},
		{ // the byte behind a name is a length, or says whether the field is there
			[]string{"A", "B"},
			http.Header{"B": {filler + "\x01B"}},
			http.Header{"A": {"\x01B" + filler}},
		},
	} {
		x := b.AppendVariant(nil, []byte("key"), tt.fields, tt.x)
		y := b.AppendVariant(nil, []byte("key"), tt.fields, tt.y)
		if string(x) == string(y) {
			t.Errorf("%q and %q share the variant %s", tt.x, tt.y, x)
		}
	}
}
