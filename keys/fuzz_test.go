package keys_test

import (
	"bytes"
	"crypto/tls"
	"net/http"
	"net/url"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/uncache/uncache/keys"
)

// FuzzRequest sends any target and any host to a Builder. A key says what a
// handler sees, no more and no less; a purge that is given the URL as the client
// spelled it finds it; AppendRequest agrees with Request.
func FuzzRequest(f *testing.F) {
	for _, target := range []string{
		"/", "/a%2fb/?b=1&a=2", "/caf%c3%a9/?a=%zz&b;c", "/\xc3\xa9%2Fb", "/\xc3\xa9", "//a//", "/%2e%2e/", "/[x]?[y]",
		"/?", "/?&", "/?=", "/?a=&a", "/?%", "/?a=%2b+%20", "/x?#", "/x#y", "http://h:80", "https://u@h/x", "*", "/%zz",
		"/?b=1&a=1&b=0&%61=0", "/?;&%&;&+", "/?a;|\xff&a%zz|", "/?" + strings.Repeat("z&a&", 40), "/|?|", "/?a?b", "/:?:",
	} {
		f.Add(target, "Example.com:80", "Cookie: a\x00", false)
	}
	for _, host := range []string{"", ".", "h.", "h..", "h:", "h:080", "h:443", "[::1]:443", "[::ffff:1.2.3.4]", "[v1.x]", "a@b", "a/b", "é", "h:1:2"} {
		f.Add("/", host, "", true)
	}
	opts := keys.Options{Headers: []string{"Cookie"}}
	f.Fuzz(func(t *testing.T, target, host, cookie string, secure bool) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return // net/http answers 400
		}
		r := &http.Request{Method: "GET", URL: u, Host: host, Header: http.Header{"Cookie": {cookie}}}
		if secure {
			r.TLS = &tls.ConnectionState{}
		}
		b := newBuilder(t, &opts)
		k := b.Request(r)
		text, ok := b.AppendRequest([]byte("dst"), r)
		if ok != k.Valid() || string(text) != "dst"+k.String() {
			t.Fatalf("AppendRequest = %q, %v; Request = %q", text, ok, k)
		}
		if !ok {
			return
		}
		checkText(t, k)
		checkSeen(t, k, r)
		checkPurged(t, b, k, r)
		checkSegments(t, k.Path())
		checkShown(t, b, k, r)
		r.RequestURI = target
		if asked := b.Request(r); asked != k && (u.Scheme == "" || u.Host != "" && u.Host == host) {
			t.Errorf("the client asked for what is in the URL, %q: key %s, without RequestURI %s", target, asked, k)
		}
		checkShown(t, b, b.Request(r), r)
	})
}

// checkSegments checks that nobody who decodes a path, or cleans it, sees another
// than the key's.
func checkSegments(t *testing.T, p string) {
	decoded, err := url.PathUnescape(p)
	if err != nil {
		t.Fatal(err)
	}
	if clean := path.Clean(decoded); clean != decoded && clean+"/" != decoded {
		t.Errorf("the path %q is decoded to %q, which is cleaned to %q", p, decoded, clean)
	}
}

// checkShown checks that the request which a handler is shown has the key of r,
// and nothing more to remove.
func checkShown(t *testing.T, b *keys.Builder, k keys.Key, r *http.Request) {
	for range 2 { // Seen of Seen is the same again
		seen := b.Seen(r)
		if got := b.Request(seen); got != k {
			t.Errorf("Seen of %q has the key %s, want %s", r.RequestURI, got, k)
		}
		if again := b.Seen(seen); again != seen {
			t.Errorf("Seen makes of host %q, URL %#v, RequestURI %q another request: %q, %#v, %q",
				seen.Host, seen.URL, seen.RequestURI, again.Host, again.URL, again.RequestURI)
		}
		if seen.URL.Path != r.URL.Path {
			t.Errorf("Seen changed the path %q to %q", r.URL.Path, seen.URL.Path)
		}
		r = seen
	}
}

// FuzzMount asks for one path and shows another, as http.StripPrefix does: two
// such requests share a key if and only if both paths are the same, and so does
// what a handler sees of them.
func FuzzMount(f *testing.F) {
	f.Add("/en/blog/", "/blog/", "/de/blog/", "/blog/", false)
	f.Add("/blog/", "/en/blog/", "/blog/", "/de/blog/", true)
	f.Add("/en/a%2fb?x", "/a%2Fb", "/e%6e/a%2Fb?y", "/a%2fb", false)
	f.Add("http://h/en/", "/", "/en/", "/", true)
	f.Add("/caf%c3%a9/", "/", "/caf%C3%A9/", "/", false)
	f.Add("", "/a", "/a", "/%61", false)
	f.Fuzz(func(t *testing.T, uri1, path1, uri2, path2 string, exact bool) {
		b := newBuilder(t, &keys.Options{Exact: exact})
		r1, ok1 := mounted(uri1, path1)
		r2, ok2 := mounted(uri2, path2)
		k1, k2 := b.Request(r1), b.Request(r2)
		if !ok1 || !ok2 || !k1.Valid() || !k2.Valid() {
			return
		}
		for _, x := range []struct {
			r *http.Request
			k keys.Key
		}{{r1, k1}, {r2, k2}} {
			checkShown(t, b, x.k, x.r)
			if text, ok := b.AppendRequest(nil, x.r); !ok || string(text) != x.k.String() {
				t.Errorf("AppendRequest = %q, %v; Request = %q", text, ok, x.k)
			}
			if asked := x.k.Requested(); asked != "" {
				checkSegments(t, asked)
				if again, err := keys.Path(asked); err != nil || again != asked {
					t.Errorf("Path(%q) = %q, %v; want it unchanged", asked, again, err)
				}
			}
		}
		s1, s2 := b.Seen(r1), b.Seen(r2)
		same := s1.RequestURI == s2.RequestURI && *s1.URL == *s2.URL
		if (k1 == k2) != same || (k1.String() == k2.String()) != same {
			t.Errorf("%q shown as %q and %q shown as %q: keys %s and %s, handlers see %q %q and %q %q",
				uri1, path1, uri2, path2, k1, k2, s1.RequestURI, s1.URL, s2.RequestURI, s2.URL)
		}
	})
}

// mounted returns a request for uri whose path somebody has changed.
func mounted(uri, path string) (*http.Request, bool) {
	u, err := url.ParseRequestURI(path)
	if err != nil || u.Scheme != "" {
		return &http.Request{}, false
	}
	u.RawQuery, u.ForceQuery = "", false
	if asked, err := url.ParseRequestURI(uri); uri != "" && (err != nil || asked.User != nil) {
		return &http.Request{}, false // net/http answers 400
	}
	return &http.Request{Method: "GET", URL: u, Host: "h", RequestURI: uri, Header: http.Header{}}, true
}

// checkText checks that a key is what it says it is: printable, of limited
// length, and made of its parts in one way.
func checkText(t *testing.T, k keys.Key) {
	text := k.String()
	if i := strings.IndexFunc(text, func(c rune) bool { return c <= ' ' || c > '~' || c == '#' }); i >= 0 {
		t.Errorf("%q in the key %q", text[i], text)
	}
	if len(text) > len("p:")+keys.DefaultMaxURI+len(":")+32 {
		t.Errorf("the key %q has %d bytes", text, len(text))
	}
	if k.Target() != k.URI()[strings.IndexByte(k.URI(), '/'):] {
		t.Errorf("Target = %q, URI = %q", k.Target(), k.URI())
	}
	if path, _, _ := strings.Cut(k.Target(), "?"); path != k.Path() {
		t.Errorf("Target = %q, Path = %q", k.Target(), k.Path())
	}
}

// checkSeen checks the key against what a ServeMux and a handler see of r.
func checkSeen(t *testing.T, k keys.Key, r *http.Request) {
	if got, want := segments(t, k.Path()), segments(t, r.URL.EscapedPath()); !slices.Equal(got, want) {
		t.Errorf("segments %q in the key, %q in the request", got, want)
	}
	_, raw, _ := strings.Cut(k.URI(), "?")
	got, _ := url.ParseQuery(raw)
	want, _ := url.ParseQuery(r.URL.RawQuery)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("parameters %q in the key, %q in the request", got, want)
	}
	if got, want := dropped(raw), dropped(r.URL.RawQuery); !slices.Equal(got, want) {
		t.Errorf("%q dropped from the key, %q from the request", got, want)
	}
}

// segments returns the segments of a path as a ServeMux unescapes them.
func segments(t *testing.T, path string) []string {
	all := strings.Split(path, "/")
	for i, s := range all {
		var err error
		if all[i], err = url.PathUnescape(s); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// dropped returns the pairs that ParseQuery drops, with the bytes escaped that
// no URI has.
func dropped(raw string) []string {
	var pairs []string
	for pair := range strings.SplitSeq(raw, "&") {
		if _, err := url.ParseQuery(pair); err == nil {
			continue
		}
		var b strings.Builder
		for i := range len(pair) {
			if c := pair[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"#<>[\\]^`{|}", c) >= 0 {
				b.WriteString(url.QueryEscape(string([]byte{c})))
			} else {
				b.WriteByte(c)
			}
		}
		pairs = append(pairs, strings.ReplaceAll(b.String(), "+", "%20"))
	}
	return pairs
}

// checkPurged checks that a purge of the URL, as the client spelled it and as
// the key has it, names what the key names.
func checkPurged(t *testing.T, b *keys.Builder, k keys.Key, r *http.Request) {
	spellings := []string{"http://" + k.URI(), "https://" + k.URI(), "//" + k.URI()}
	if u := r.URL; !strings.Contains(u.EscapedPath()+u.RawQuery, "#") {
		spellings = append(spellings, "http://"+r.Host+u.EscapedPath()+"?"+u.RawQuery)
	}
	for _, s := range spellings {
		if strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }) || r.Host == "" {
			continue // no URL
		}
		if _, err := url.Parse(s); err != nil {
			continue // a Host field that no URL can have, "a,b:"
		}
		if uri, err := keys.URI(s); err != nil || uri != k.URI() {
			t.Errorf("URI(%q) = %q, %v; want %q", s, uri, err, k.URI())
		}
		if key, err := b.URL(s); err != nil || key.URI() != k.URI() || key.Path() != k.Path() {
			t.Errorf("URL(%q).URI = %q, %v; want %q", s, key.URI(), err, k.URI())
		}
	}
	if !strings.HasPrefix(k.Target(), "//") {
		if target, err := keys.URI(k.Target()); err != nil || target != k.Target() {
			t.Errorf("URI(%q) = %q, %v; want it unchanged", k.Target(), target, err)
		}
	}
	for _, p := range []string{k.Path(), r.URL.EscapedPath()} {
		if path, err := keys.Path(p); err != nil || path != k.Path() {
			t.Errorf("Path(%q) = %q, %v; want %q", p, path, err, k.Path())
		}
	}
}

// FuzzDiffer makes two requests of two sets of parts: they share a key if and
// only if the sets are equal.
func FuzzDiffer(f *testing.F) {
	f.Add("a/b", "", "q", "1", "v", "a", "b", "q", "1", "v")
	f.Add("a", "b?q=1", "", "", "", "a", "b", "q", "1", "")
	f.Add("a", "b", "q", "1&r=2", "", "a", "b", "q", "1", "r")
	f.Add("a", "b", "q", "1", "", "a", "b", "q", "1:", "")
	f.Add("a%2Fb", "c", "q", "%zz;", "é", "a/b", "c", "q;", "%zz", "e")
	f.Add("a", "b", "+", " ", "x", "a", "b", " ", "+", "x ")
	f.Add(strings.Repeat("x", 600), "b", "q", "1", "", strings.Repeat("x", 600), "c", "q", "1", "")
	f.Fuzz(func(t *testing.T, a1, b1, n1, v1, h1, a2, b2, n2, v2, h2 string) {
		b := newBuilder(t, &keys.Options{Headers: []string{"X-A"}})
		parts1 := [5]string{a1, b1, n1, v1, strings.Trim(h1, " \t")}
		parts2 := [5]string{a2, b2, n2, v2, strings.Trim(h2, " \t")}
		k1, k2 := keyOf(t, b, parts1), keyOf(t, b, parts2)
		if !k1.Valid() || !k2.Valid() {
			return
		}
		if (k1 == k2) != (parts1 == parts2) || (k1.String() == k2.String()) != (parts1 == parts2) {
			t.Errorf("%q has the key %s, %q has %s", parts1, k1, parts2, k2)
		}
		if (k1.URI() == k2.URI()) != ([4]string(parts1[:4]) == [4]string(parts2[:4])) {
			t.Errorf("%q has the URI %s, %q has %s", parts1, k1.URI(), parts2, k2.URI())
		}
	})
}

func keyOf(t *testing.T, b *keys.Builder, p [5]string) keys.Key {
	r := request(t, "/"+url.PathEscape(p[0])+"/"+url.PathEscape(p[1])+"?"+url.QueryEscape(p[2])+"="+url.QueryEscape(p[3]), "h")
	r.Header["X-A"] = []string{p[4]}
	return b.Request(r)
}

// FuzzSpelling spells one URL in many ways, as the bytes of how say: all are
// found by a purge of any other, with its host and without.
func FuzzSpelling(f *testing.F) {
	f.Add("a/b", "c.d", "q", "x y", "q", "+", []byte{})
	f.Add("é", "~", "a;b", "&", "b", "=", []byte{0xff, 0x55, 3, 1, 0xaa, 0xff})
	f.Add("%2F", "..a", "", "x", "z", "", []byte{0x0f, 0xf0, 7, 2})
	b := newBuilder(f, &keys.Options{Hosts: []string{"example.com"}})
	f.Fuzz(func(t *testing.T, s1, s2, n1, v1, n2, v2 string, how []byte) {
		plain := speller{}
		want, err := keys.URI("http://example.com" + plain.target(s1, s2, n1, v1, n2, v2))
		if err != nil {
			return // a dot segment
		}
		sp := speller{how: how}
		target := sp.target(s1, s2, n1, v1, n2, v2)
		scheme := []string{"http", "https", "HTTP"}[sp.next()%3]
		host := []string{"example.com", "EXAMPLE.COM", "eXample.com:80", "example.com:443", "example.com.", "example.com:"}[sp.next()%6]
		if got, err := keys.URI(scheme + "://" + host + target); got != want || err != nil {
			t.Errorf("URI(%q) = %q, %v; want %q", scheme+"://"+host+target, got, err, want)
		}
		r := request(t, target, host)
		if scheme == "https" {
			r.TLS = &tls.ConnectionState{}
		}
		k := b.Request(r)
		if !k.Valid() {
			if clean := path.Clean(r.URL.Path); clean == r.URL.Path || clean+"/" == r.URL.Path && clean != "/" {
				t.Errorf("a request for %q to %q has no key", target, host)
			}
			return
		}
		if k.URI() != want {
			t.Errorf("a request for %q to %q has the URI %q, want %q", target, host, k.URI(), want)
		}
		if s1 == "" {
			return // "//x" is not a path without a host
		}
		if got, err := keys.URI(target); got != k.Target() || err != nil {
			t.Errorf("URI(%q) = %q, %v; want %q", target, got, err, k.Target())
		}
	})
}

// speller spells text as the bytes of how say, one for each choice; when they
// are used up, it makes the first choice.
type speller struct {
	how []byte
}

func (s *speller) next() byte {
	if len(s.how) == 0 {
		return 0
	}
	c := s.how[0]
	s.how = s.how[1:]
	return c
}

func (s *speller) target(s1, s2, n1, v1, n2, v2 string) string {
	x := s.text(n1) + "=" + s.text(v1)
	y := s.text(n2) + "=" + s.text(v2)
	if s.next()&1 != 0 && n1 != n2 {
		x, y = y, x
	}
	separator := []string{"&", "&&", "&&&"}[s.next()%3]
	return "/" + s.text(s1) + "/" + s.text(s2) + "?" + x + separator + y
}

// text percent-encodes what has to be, and what it likes.
func (s *speller) text(text string) string {
	var b bytes.Buffer
	for i := range len(text) {
		c := text[i]
		bits := s.next()
		unreserved := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
		switch {
		case unreserved && bits&1 == 0:
			b.WriteByte(c)
		case bits&2 == 0:
			b.WriteString(strings.ToUpper(percent(c)))
		default:
			b.WriteString(percent(c))
		}
	}
	return b.String()
}

func percent(c byte) string {
	const hex = "0123456789abcdef"
	return string([]byte{'%', hex[c>>4], hex[c&15]})
}

// FuzzVariant makes variants of two sets of header lines: they are the same if
// and only if the combined fields are.
func FuzzVariant(f *testing.F) {
	f.Add("a", "b", "a, b", "", byte(0))
	f.Add("", "", "", "", byte(1))
	f.Add("a", "", "", "a", byte(2))
	f.Add(" a\t", "b", "a", "b", byte(7))
	f.Fuzz(func(t *testing.T, x1, x2, y1, y2 string, how byte) {
		b := newBuilder(t, nil)
		fields := []string{"X-A", "X-B"}
		h1 := http.Header{"X-A": {x1}, "X-B": {x2}}
		h2 := http.Header{"X-A": {y1}, "X-B": {y2}}
		switch how & 3 {
		case 1:
			delete(h1, "X-B")
		case 2:
			h1["X-A"] = []string{x1, x2}
			delete(h1, "X-B")
			delete(h2, "X-B")
		case 3:
			h2["X-B"] = nil
		}
		k1 := string(b.AppendVariant([]byte("dst"), []byte("key"), fields, h1))
		k2 := string(b.AppendVariant([]byte("dst"), []byte("key"), fields, h2))
		same := true
		for _, name := range fields {
			v1, ok1 := combined(h1[name])
			v2, ok2 := combined(h2[name])
			same = same && v1 == v2 && ok1 == ok2
		}
		if (k1 == k2) != same {
			t.Errorf("%q has the variant %s, %q has %s, want equal: %v", h1, k1, h2, k2, same)
		}
		if !strings.HasPrefix(k1, "dstkey#") || len(k1) != len("dstkey#")+32 {
			t.Errorf("AppendVariant = %q", k1)
		}
	})
}

func combined(lines []string) (string, bool) {
	var trimmed []string
	for _, line := range lines {
		trimmed = append(trimmed, strings.Trim(line, " \t"))
	}
	return strings.Join(trimmed, ", "), len(lines) > 0
}
