package pagecache_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

// shout sends a request byte by byte, since no client would send these, and
// returns the response.
func (w *wire) shout(t testing.TB, raw string) (*http.Response, string) {
	t.Helper()
	conn, err := w.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(conn, raw) }() // a server that has read enough does not read the rest
	method, _, _ := strings.Cut(raw, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	return resp, string(b)
}

// targets are ways to ask for one page, for nearly the same one, or for one
// under the name of another.
var targets = []string{
	"/a/b", "/a%2Fb", "/a%2fb", "/a//b", "//a/b", "/a/./b", "/a/../b", "/a/%2e%2e/b", "/a/%2E/b", "/a%2f..%2fb", "/b", "/a/b/", "/%61/b",
	"/a;b", "/a%3Bb", "/a%3bb", "/a;b/c", "/a;x=1?b", "/a,b", "/a%2Cb", "/a@b", "/a%40b", "/a!b", "/a%21b", "/a+b", "/a%2Bb", "/a%20b",
	"/a?b", "/a%3Fb", "/a?b=1", "/a?b=1&b=2", "/a?b=2&b=1", "/a?b=1;b=2", "/a?b=1%26b=2", "/a?b=%31", "/a?b=1&c=2", "/a?c=2&b=1", "/a?b=", "/a?", "/a??b", "/a?b?c",
	"/a?%62=1", "/a?b+c=1", "/a?b%20c=1", "/a?b%2Bc=1", "/a?b=1&", "/a?&b=1", "/a?b=%zz", "/a?b=%", "/a?B=1", "/a?b[]=1", "/a?b%5B%5D=1", "/a?=1",
	"/a%00b", "/a%0d%0ab", "/a%0Ab", "/\xc3\xa9", "/%C3%A9", "/\xc3\xa9%2Fb", "/\xc3\xa9/b", "/\xff", "/%FF", "/a\"b", "/a%22b", "/a\\b", "/a%5Cb", "/a|b", "/a%7Cb", "/a%zz",
	"/page", "/page.css", "/page/x.css", "/page;x.css", "/page%3Bx.css", "/page%3Fx.css", "/page%23x.css", "/page%2F..%2Fx.css", "/page?x.css", "/page%00.css",
	"http://site.example/a/b", "http://other.example/a/b", "https://site.example/a/b", "HTTP://SITE.EXAMPLE/a/b", "http://site.example:80/a/b", "http://site.example:81/a/b",
	"http://user@site.example/a/b", "ftp://site.example/a/b", "http:///a/b", "http://site.example", "http://site.example?x",
}

// hosts are Host fields; "" is one without a value, "-" none at all.
var hosts = []string{
	"site.example", "SITE.example", "site.example:80", "site.example:443", "site.example:8080", "site.example.", "site.example:", "site.example:080", "",
	"-", "other.example", "site.example@other.example", "site.example#x", "[::1]", "[::1]:80", "[0:0::1]", "site.example\x80", "site.example, other.example", "127.0.0.1", "127.1",
}

// selectors are fields that a page varies by.
var selectors = []string{
	"", "X-A: a\r\n", "X-A: A\r\n", "X-A:\r\n", "X-A: a, b\r\n", "X-A: a\r\nX-A: b\r\n", "X-A: b\r\nX-A: a\r\n", "X-A: a\tb\r\n", "X-A: a b\r\n", "X-A: \x80\r\n", "X-A: \xc3\xa9\r\n",
	"X-A: a\r\nX-B: b\r\n", "X-B: b\r\n", "X-A: a, X-B: b\r\n", "X-B: a\r\n", "X-A: \"a\r\n", "X-A: a#b\r\n", "X-A: :a\r\n", "X-A: a\r\nX-B:\r\n", "x-a: a\r\n", "X-A: " + strings.Repeat("a", 600) + "\r\n", "X-A: " + strings.Repeat("a", 601) + "\r\n",
}

// echoDecoded shows what a handler in Go sees of a URL, and what it varies by.
func echoDecoded(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=60")
	w.Header().Set("Vary", "X-A, X-B")
	host := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(r.Host), ":80"), ":")
	content, _ := io.ReadAll(r.Body) // what could be read is shown
	// "GET http://site/" over plain HTTP is what "GET /" is (RFC 9112 §3.2).
	scheme := strings.TrimPrefix(r.URL.Scheme, "http")
	fmt.Fprintf(w, "scheme %q host %q path %q query %q a %q %v b %q %v content %q", scheme, host, r.URL.Path, r.URL.Query().Encode(),
		strings.Join(r.Header["X-A"], ", "), len(r.Header["X-A"]) > 0, strings.Join(r.Header["X-B"], ", "), len(r.Header["X-B"]) > 0, content)
}

// echoExact shows all that a proxy would pass on.
func echoExact(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=60")
	fmt.Fprintf(w, "%s %q", r.URL.EscapedPath(), r.URL.RawQuery)
}

// Whatever was asked before, everybody gets what the handler has for them. The handler
// must not tell apart what the key does not.
func TestNobodyGetsWhatAnotherAskedFor(t *testing.T) {
	var byTarget, byHost, bySelector, byContent []string
	for _, target := range targets {
		byTarget = append(byTarget, "GET "+target+" HTTP/1.1\r\nHost: site.example\r\n\r\n")
	}
	for _, host := range hosts {
		field := "Host: " + host + "\r\n"
		version := "1.1"
		if host == "-" {
			field, version = "", "1.0"
		}
		byHost = append(byHost, "GET /a HTTP/"+version+"\r\n"+field+"\r\n")
	}
	byHost = append(byHost, "GET /a HTTP/1.1\r\nHost: site.example\r\nHost: other.example\r\n\r\n", "GET http://other.example/a HTTP/1.0\r\n\r\n")
	for _, fields := range selectors {
		bySelector = append(bySelector, "GET /a HTTP/1.1\r\nHost: site.example\r\n"+fields+"\r\n")
	}
	for _, content := range []string{"", "Content-Length: 0\r\n", "Content-Length: 4\r\n\r\nevil", "Transfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n", "Content-Length: 5\r\n\r\nother"} {
		byContent = append(byContent, "GET /a HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n"+content+"\r\n")
	}
	for _, tt := range []struct {
		name     string
		echo     http.HandlerFunc
		keys     *keys.Options
		requests []string
	}{
		{"targets", echoDecoded, nil, byTarget},
		{"targets, exact", echoExact, &keys.Options{Exact: true}, byTarget},
		{"long targets", echoDecoded, &keys.Options{MaxURI: 64}, byTarget},
		{"hosts", echoDecoded, nil, byHost},
		{"selecting fields", echoDecoded, nil, bySelector},
		{"selecting fields in every key", echoDecoded, &keys.Options{Headers: []string{"X-A", "X-B"}}, bySelector},
		{"content", echoDecoded, nil, byContent},
	} {
		for _, backwards := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, backwards %v", tt.name, backwards), func(t *testing.T) {
				builder, err := keys.New("page", tt.keys)
				if err != nil {
					t.Fatal(err)
				}
				s := newSite(t, nil, &pagecache.Options{Keys: builder}, tt.echo)
				bare, cached := newWire(t, tt.echo), newWire(t, s)
				requests := slices.Clone(tt.requests)
				if backwards {
					slices.Reverse(requests)
				}
				hits := 0
				for range 2 {
					for _, raw := range requests {
						want, wantBody := bare.shout(t, raw)
						got, gotBody := cached.shout(t, raw)
						if got.StatusCode != want.StatusCode || gotBody != wantBody {
							t.Errorf("%q:\n got  %d %s\n want %d %s\n Cache-Status: %s", raw, got.StatusCode, gotBody, want.StatusCode, wantBody, got.Header.Get("Cache-Status"))
						}
						if strings.Contains(got.Header.Get("Cache-Status"), "uncache; hit") {
							hits++
						}
					}
				}
				if hits == 0 {
					t.Error("nothing came from the store: the test shows nothing")
				}
			})
		}
	}
}

// A URL that looks like a static file's is no reason to store (web cache
// deception): only what the response says counts.
func TestDeception(t *testing.T) {
	for _, says := range []string{"Cache-Control: private", "Cache-Control: no-store", "Set-Cookie: session=1", "Vary: *", "X-Nothing: said"} {
		s := newSite(t, nil, &pagecache.Options{Proxy: &pagecache.Proxy{Heuristic: true}, StaleIfError: time.Hour, StaleWhileRevalidate: time.Hour}, func(w http.ResponseWriter, r *http.Request) {
			name, value, _ := strings.Cut(says, ": ")
			w.Header().Set(name, value)
			fmt.Fprintf(w, "account of %s", r.Header.Get("Cookie"))
		})
		for _, target := range []string{"/account", "/account.css", "/account/x.css", "/account;x.css", "/account%3Bx.css", "/account%2Fx.js", "/account?x.png", "/account%00.ico", "/robots.txt"} {
			for _, visitor := range []string{"ada", "bob"} {
				if got := body(t, s.get(target, "Cookie: "+visitor)); got != "account of "+visitor {
					t.Errorf("%s: %s asks for %s and gets the %s", says, visitor, target, got)
				}
			}
		}
	}
}

// A request field that changes a page and is not in Vary can be put into every
// key.
func TestUnkeyedFieldCanBeKeyed(t *testing.T) {
	builder, err := keys.New("page", &keys.Options{Headers: []string{"X-Forwarded-Host"}})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Keys: builder}, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<script src=//%s/x.js>", r.Header.Get("X-Forwarded-Host"))
	})
	s.get("/", "X-Forwarded-Host: evil.example")
	if got := body(t, s.get("/")); strings.Contains(got, "evil") {
		t.Errorf("a visitor got %q", got)
	}
}

// Line breaks in what a handler puts into its header end no line, neither at
// first nor from the store (response splitting).
func TestResponseSplitting(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("X-Echo", r.URL.Query().Get("x"))
		w.Header()["X-Evil\r\nX-Name"] = []string{"1"}
		_, _ = io.WriteString(w, "page")
	}
	s := newSite(t, nil, &pagecache.Options{StatusKey: true}, handler)
	bare, cached := newWire(t, http.HandlerFunc(handler)), newWire(t, s)
	for _, x := range []string{"a%0d%0aX-Evil:%201", "a%0aX-Evil:%201", "a%0d%0a%0d%0a<script>", `"; hit; key="`, "a\\", "%e9", "%09"} {
		raw := "GET /" + strings.ReplaceAll(x, " ", "") + "?x=" + strings.ReplaceAll(x, " ", "") + " HTTP/1.1\r\nHost: site.example\r\n\r\n"
		want, _ := bare.shout(t, raw)
		for _, when := range []string{"filled", "from the store"} {
			got, text := cached.shout(t, raw)
			if len(got.Header["X-Evil"]) != 0 || len(got.Header["X-Name"]) != 0 || got.Header.Get("X-Echo") != want.Header.Get("X-Echo") || text != "page" {
				t.Errorf("%q, %s: got the header %v and %q", raw, when, got.Header, text)
			}
			if status := got.Header["Cache-Status"]; len(status) != 1 || strings.Count(strings.NewReplacer(`\\`, "", `\"`, "").Replace(status[0]), `"`)%2 != 0 {
				t.Errorf("%q, %s: Cache-Status is %q, want one member, with what it quotes in quotes", raw, when, status)
			}
		}
		if s.rendered() != 1 {
			t.Errorf("%q: not stored: the test shows nothing", raw)
		}
	}
}

// What visitors send can't fill the store with variants of one page.
func TestVariantsAreBounded(t *testing.T) {
	const most, sent = 8, 100
	s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, MaxVariants: most, Proxy: &pagecache.Proxy{ClientDirectives: true}}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "User-Agent")
		_, _ = io.WriteString(w, r.UserAgent())
	})
	for i := range sent {
		s.get("/", fmt.Sprint("User-Agent: ", i))
	}
	var stored []int
	for i := range sent {
		// only-if-cached makes no variant of its own.
		if s.get("/", fmt.Sprint("User-Agent: ", i), "Cache-Control: only-if-cached").StatusCode == http.StatusOK {
			stored = append(stored, i)
		}
	}
	if len(stored) != most || stored[0] != sent-most {
		t.Errorf("the variants %v are stored, want the last %d of %d", stored, most, sent)
	}
}

// A meddler changes what was stored before it is read.
type meddler struct {
	cache.Backend
	stored map[string][]byte
	change func(key string, value []byte) []byte
}

func (m *meddler) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	m.stored[key] = bytes.Clone(value)
	return m.Backend.Set(ctx, key, value, ttl)
}

func (m *meddler) Get(ctx context.Context, key string) ([]byte, bool, error) {
	value, ok, err := m.Backend.Get(ctx, key)
	if ok && m.change != nil {
		value = m.change(key, bytes.Clone(value))
	}
	return value, ok, err
}

// Stored bytes that somebody damaged, cut, or put elsewhere are a miss: never a
// panic, and never a page.
func TestDamagedBytesAreAMiss(t *testing.T) {
	b := memory.New(nil)
	t.Cleanup(func() { _ = b.Close() })
	m := &meddler{Backend: far{b}, stored: map[string][]byte{}}
	store, err := coherent.New(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	pages, err := pagecache.New(store, &pagecache.Options{Proxy: &pagecache.Proxy{ClientDirectives: true}})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, pages: pages}
	s.Handler = pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		if strings.HasPrefix(r.URL.Path, "/vary") {
			w.Header().Set("Vary", "X-A")
		}
		fmt.Fprintf(w, "page %s for %s", r.URL.Path, r.Header.Get("X-A"))
	}))
	visitors := [][]string{{"/a", "X-A: "}, {"/b", "X-A: "}, {"/vary", "X-A: 1"}, {"/vary", "X-A: 2"}, {"/vary2", "X-A: 1"}}
	for _, v := range visitors {
		s.get(v[0], v[1])
	}
	ask := func(v []string) (int, string) {
		resp := s.get(v[0], v[1], "Cache-Control: only-if-cached")
		return resp.StatusCode, body(t, resp)
	}
	for _, v := range visitors {
		if status, _ := ask(v); status != http.StatusOK {
			t.Fatalf("%s is not stored: the test would show nothing", v)
		}
	}
	for _, damaged := range damages(m.stored) {
		m.change = damaged.change
		for _, v := range visitors {
			status, got := ask(v)
			if want := fmt.Sprintf("page %s for %s", v[0], strings.TrimPrefix(v[1], "X-A: ")); status == http.StatusOK && (damaged.always || got != want) {
				t.Errorf("%s: %s got %q from the store, want a miss", damaged.name, v, got)
			}
		}
	}
}

type damage struct {
	name   string
	change func(key string, value []byte) []byte
	always bool // no page is left whole
}

// damages returns ways to spoil all that is stored.
func damages(stored map[string][]byte) []damage {
	longest := 0
	for _, v := range stored {
		longest = max(longest, len(v))
	}
	var list []damage
	add := func(always bool, name string, change func(key string, value []byte) []byte) {
		list = append(list, damage{name, change, always})
	}
	add(true, "empty", func(string, []byte) []byte { return nil })
	add(true, "a byte behind", func(_ string, v []byte) []byte { return append(v, 0) })
	add(true, "a byte before", func(_ string, v []byte) []byte { return append([]byte{v[0]}, v...) })
	add(true, "zeroes", func(_ string, v []byte) []byte { return make([]byte, len(v)) })
	add(true, "text", func(string, []byte) []byte { return []byte("HTTP/1.1 200 OK\r\n\r\nevil") })
	for i := range longest {
		add(false, fmt.Sprint("byte ", i, " changed"), func(_ string, v []byte) []byte {
			if i < len(v) {
				v[i] ^= 1 << (i % 8)
			}
			return v
		})
		add(false, fmt.Sprint("cut at ", i), func(_ string, v []byte) []byte { return v[:min(i, len(v))] })
	}
	for other, value := range stored {
		add(false, "replaced by "+other, func(key string, v []byte) []byte { return bytes.Clone(value) })
	}
	return list
}
