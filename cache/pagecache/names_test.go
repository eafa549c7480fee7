package pagecache_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

// A namedSite counts how often each of its pages was changed, by the host and the
// decoded path. It answers GET with all that tells two pages apart.
type namedSite struct{ changes map[string]int }

// siteHost is the host of r as people write it.
func siteHost(r *http.Request) string {
	host := strings.ToLower(r.Host)
	for _, port := range []string{":80", ":443", ":080", ":"} {
		host = strings.TrimSuffix(host, port)
	}
	return strings.TrimSuffix(host, ".")
}

// cleaned is what a handler makes of a decoded path.
func cleaned(p string) string {
	c := path.Clean("/" + p)
	if strings.HasSuffix(p, "/") && c != "/" {
		c += "/"
	}
	return c
}

// askedFor is the URL that the client asked for.
func askedFor(r *http.Request) *url.URL {
	u, err := url.ParseRequestURI(r.RequestURI)
	if err != nil {
		panic(err)
	}
	return u
}

// change changes the page at a decoded path of a host, or of each host.
func (s *namedSite) change(host, p string) {
	hosts := []string{host}
	if host == "" {
		hosts = []string{"a.test", "b.test"}
	}
	for _, host := range hosts {
		s.changes[host+cleaned(p)]++
	}
}

func (s *namedSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, asked := siteHost(r), askedFor(r)
	if r.Method == http.MethodPost {
		s.change(host, r.URL.Path)
		s.change(host, asked.Path)
		location := r.Header.Get("To")
		if location == "" {
			return
		}
		for _, base := range []*url.URL{asked, r.URL} {
			if ref, err := base.Parse(location); err == nil && ref.Host == base.Host { // "//a" is another host
				s.change(host, ref.Path)
			}
		}
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	shown := strings.TrimSuffix(strings.TrimSuffix(r.Host, ":80"), ":")
	fmt.Fprintf(w, "%s %q %q, asked for %q, changed %d and %d times", shown, r.URL.Path, decodedSegments(r.URL.EscapedPath()),
		decodedSegments(askedPath(r.RequestURI)), s.changes[host+cleaned(r.URL.Path)], s.changes[host+cleaned(asked.Path)])
	if strings.HasPrefix(cleaned(r.URL.Path), "/account") {
		fmt.Fprint(w, ", account of ", r.Header.Get("User"))
	}
}

// askedPath is the path of a RequestURI, as it is spelled.
func askedPath(uri string) string {
	if _, rest, ok := strings.Cut(uri, "://"); ok {
		uri = rest[max(strings.IndexByte(rest, '/'), 0):]
	}
	return uri
}

func decodedSegments(p string) []string {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		if text, err := url.PathUnescape(s); err == nil {
			segments[i] = text
		}
	}
	return segments
}

// mountedNames are the ways in which a URL comes to the site.
func mountedNames(site http.Handler) http.Handler {
	change := func(r *http.Request, to, raw string) *http.Request {
		own := r.Clone(r.Context())
		own.URL.Path, own.URL.RawPath = to, raw
		return own
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch p := r.URL.Path; {
		case strings.HasPrefix(p, "/m/"):
			http.StripPrefix("/m", site).ServeHTTP(w, r)
		case strings.HasPrefix(p, "/n/a/"):
			http.StripPrefix("/n", http.StripPrefix("/a", site)).ServeHTTP(w, r)
		case strings.HasPrefix(p, "/stale/"): // RawPath is left as it was
			site.ServeHTTP(w, change(r, strings.TrimPrefix(p, "/stale"), r.URL.RawPath))
		case siteHost(r) == "b.test":
			site.ServeHTTP(w, change(r, "/de"+p, ""))
		default:
			site.ServeHTTP(w, r)
		}
	})
}

// A nameSpeller makes up requests whose names meet often.
type nameSpeller struct{ *rand.Rand }

func (s nameSpeller) pick(from ...string) string { return from[s.IntN(len(from))] }

func (s nameSpeller) path() string {
	p := s.pick("", "", "/m", "/n/a", "/stale", "/%6d")
	for range s.IntN(4) {
		p += s.pick("/", "/", "/", "%2F", "%2f", "//") + s.pick("a", "b", "%61", "..", ".", "%2E%2e", "a;x", "a%3Bx", "%5c", "é", "%C3%A9", "e%CC%81", "a+b", "a%2Bb", "%2561", "[", "|", "de", "m", "account", "%61ccount")
	}
	if p += s.pick("", "/", "%2F", "//"); p == "" || p[0] != '/' {
		p = "/" + p
	}
	return p
}

func (s nameSpeller) request() string {
	method, target := s.pick("GET", "GET", "GET", "GET", "GET", "GET", "POST"), s.path()
	host := s.pick("a.test", "a.test", "b.test", "A.test", "a.test:80", "a.test.", "a.test:443", "a.test:080", "a.test:")
	if s.IntN(8) == 0 {
		target = s.pick("http://", "https://", "HTTP://", "ftp://", "http://u@") + host + target
	}
	text := method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n"
	if s.IntN(25) == 0 {
		text = method + " " + target + " HTTP/1.0\r\n"
	}
	if s.IntN(2) == 0 {
		text += "To: " + s.pick(s.path(), s.path(), "../b", "a", "./", "..", "#f") + "\r\n"
	}
	return text + "User: " + s.pick("alice", "bob") + "\r\n\r\n"
}

// purge purges a name and changes what it names, unless that is no page.
func (s nameSpeller) purge(t *testing.T, pages *pagecache.Cache, sites ...*namedSite) {
	p, host := s.path(), s.pick("", "", "a.test", "A.test:80", "https://a.test:443")
	u, err := url.ParseRequestURI(p)
	if err != nil || cleaned(u.Path) != u.Path {
		return
	}
	d := cache.URI(host + p)
	if s.IntN(2) == 0 {
		d, host = cache.Path(p), ""
	}
	if err := pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{d}}); err != nil {
		return // of dot segments
	}
	if host != "" {
		host = "a.test"
	}
	for _, site := range sites {
		site.change(host, u.Path)
	}
}

// However pages are spelled, mounted, changed, redirected to and purged: a site shows
// behind the cache what it shows without. No page is old, another's, or one that
// Skip leaves alone.
func TestNamesBehindTheCacheAndWithout(t *testing.T) {
	for round := range 60 {
		s := nameSpeller{rand.New(rand.NewPCG(uint64(round), 9))}
		m := memory.New(nil)
		defer m.Close()
		store, err := coherent.New(m, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		pages, err := pagecache.New(store, &pagecache.Options{
			TTL: time.Hour, Keys: newKeys(t, &keys.Options{Exact: round%3 == 0}),
			Skip: func(r *http.Request) bool {
				return strings.HasPrefix([]string{r.URL.Path, r.URL.EscapedPath(), r.URL.RequestURI()}[round%3], "/account")
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer pages.Close()
		plain, behind := &namedSite{make(map[string]int)}, &namedSite{make(map[string]int)}
		bare, cached := mountedNames(plain), mountedNames(pages.Handler(behind))
		for range 300 {
			if s.IntN(12) == 0 {
				s.purge(t, pages, plain, behind)
				continue
			}
			text := s.request()
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
			if err != nil {
				continue // net/http answers 400
			}
			want, got := httptest.NewRecorder(), httptest.NewRecorder()
			bare.ServeHTTP(want, r.Clone(t.Context()))
			cached.ServeHTTP(got, r)
			if got.Code != want.Code || got.Body.String() != want.Body.String() {
				t.Fatalf("round %d: %q is shown\n %d %s, want\n %d %s (%s)", round, text, got.Code, got.Body, want.Code, want.Body, got.Header().Get("Cache-Status"))
			}
		}
	}
}
