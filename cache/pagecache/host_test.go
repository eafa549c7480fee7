package pagecache_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

// echoTarget shows all that a handler sees of where a request was sent, and
// redirects to the host that it sees.
func echoTarget(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=60")
	if r.URL.Path == "/go" {
		w.Header().Set("Location", "http://"+r.Host+"/login")
		w.WriteHeader(http.StatusFound)
	}
	fmt.Fprintf(w, "%s %s %s %s %s", r.Host, r.URL.Host, r.URL.Scheme, r.RequestURI, r.URL.EscapedPath())
}

// Requests that share a page see nothing of how others have spelled its URL. In any
// order all get the same answer, and none is sent to another port.
func TestHandlerSeesOnlyWhatIsInTheKey(t *testing.T) {
	requests := []string{
		"GET %s HTTP/1.1\r\nHost: a.test\r\n\r\n",
		"GET %s HTTP/1.1\r\nHost: a.test:80\r\n\r\n",
		"GET %s HTTP/1.1\r\nHost: a.test:\r\n\r\n",
		"GET http://a.test%s HTTP/1.1\r\nHost: a.test\r\n\r\n",
		"GET http://a.test:80%s HTTP/1.1\r\nHost: b.test\r\n\r\n",
		"GET HTTP://a.test:80%s HTTP/1.0\r\n\r\n",
	}
	for first := range requests {
		s := newSite(t, nil, nil, echoTarget)
		w := newWire(t, s)
		for range 2 {
			for i := range requests {
				for _, path := range []string{"/go", "/x(y)", "/caf%C3%A9", "/caf%c3%a9", "/a%2fb"} {
					resp, got := w.shout(t, fmt.Sprintf(requests[(first+i)%len(requests)], path))
					want := strings.NewReplacer("%c3%a9", "%C3%A9", "%2f", "%2F").Replace(path)
					if want := fmt.Sprintf("a.test   %s %s", want, want); got != want {
						t.Errorf("%q: the handler saw %q, want %q", requests[(first+i)%len(requests)], got, want)
					}
					if l := resp.Header.Get("Location"); path == "/go" && l != "http://a.test/login" {
						t.Errorf("a visitor is sent to %q", l)
					}
				}
			}
		}
		if got := s.rendered(); got != 4 {
			t.Errorf("%d renderings of 4 pages", got)
		}
	}
}

// A host that has a key of its own is seen as it is.
func TestHandlerSeesAHostOfItsOwnKey(t *testing.T) {
	s := newSite(t, nil, nil, echoTarget)
	w := newWire(t, s)
	for range 2 {
		for _, host := range []string{"a.test", "a.test:443", "A.test", "A.test:80", "a.test.", "a.test:080", "a.test:8080", "[::1]", "[::1]:80"} {
			if _, got := w.shout(t, "GET /x HTTP/1.1\r\nHost: "+host+"\r\n\r\n"); !strings.HasPrefix(got, host+" ") {
				t.Errorf("the handler of a request to %s saw %q", host, got)
			}
		}
	}
}

// With keys.Options.Exact the handler, or its origin, sees the path as it came.
func TestExactHandlerSeesThePathAsItCame(t *testing.T) {
	s := newSite(t, nil, &pagecache.Options{Keys: newKeys(t, &keys.Options{Exact: true})}, echoTarget)
	w := newWire(t, s)
	for range 2 {
		for _, path := range []string{"/a(b)", "/a%28b%29", "/caf%c3%a9", "/caf%C3%A9", "/a?", "/a"} {
			_, got := w.shout(t, "GET "+path+" HTTP/1.1\r\nHost: a.test:80\r\n\r\n")
			if want := fmt.Sprintf("a.test   %s %s", path, strings.TrimSuffix(path, "?")); got != want {
				t.Errorf("the handler saw %q, want %q", got, want)
			}
		}
	}
}

// A router that goes by how a path is encoded, as chi does, can't be made to store
// its 404 under the URL that others use.
func TestSpellingIsNotAWayToA404(t *testing.T) {
	s := newSite(t, nil, &pagecache.Options{TTL: time.Hour, ErrorTTL: time.Hour}, func(w http.ResponseWriter, r *http.Request) {
		raw := r.URL.RawPath
		if raw == "" {
			raw = r.URL.Path
		}
		if raw != "/blog/" {
			http.NotFound(w, r)
		}
	})
	s.get("http://h/%62log/")
	if resp := s.get("http://h/blog/"); resp.StatusCode != http.StatusOK {
		t.Errorf("after a request for /%%62log/, /blog/ is answered with %d", resp.StatusCode)
	}
}

// What an unsafe request has changed is purged, whatever kept the request from
// having a key.
func TestUnsafeRequestWithoutAKey(t *testing.T) {
	for _, tt := range []struct{ name, request string }{
		{"user information", "POST http://u@a.test/p HTTP/1.1\r\nHost: a.test\r\n"},
		{"user information and a port", "POST http://u:p@a.test:80/p HTTP/1.1\r\nHost: a.test\r\n"},
		{"another scheme", "POST ftp://a.test/p HTTP/1.1\r\nHost: a.test\r\n"},
		{"another scheme, claimed", "POST https://a.test/p HTTP/1.1\r\nHost: a.test\r\n"},
		{"no Host", "POST /p HTTP/1.0\r\n"},
		{"an empty Host", "POST /p HTTP/1.1\r\nHost:\r\n"},
		{"a Host that is none", "POST /p HTTP/1.1\r\nHost: b.test:99999\r\n"},
		{"a query without a key", "POST /p?" + strings.Repeat("a&", keys.MaxParameters+1) + " HTTP/1.1\r\nHost: a.test\r\n"},
		{"dot segments", "POST /x/../p HTTP/1.1\r\nHost: a.test\r\n"},
		{"encoded dot segments", "POST /x/%2e%2e/p HTTP/1.1\r\nHost: a.test\r\n"},
		{"dot segments behind encoded slashes", "POST /x%2F..%2Fp HTTP/1.1\r\nHost: a.test\r\n"},
		{"empty segments", "POST //p HTTP/1.1\r\nHost: a.test\r\n"},
		{"empty segments at the end", "POST /p// HTTP/1.1\r\nHost: a.test\r\n"},
		{"an encoding that is not needed", "POST /%70 HTTP/1.1\r\nHost: a.test\r\n"},
		{"the default port", "POST /p HTTP/1.1\r\nHost: a.test:80\r\n"},
	} {
		for _, answer := range []struct{ field, to, page string }{
			{"", "", "/p"},
			{"Location", "/q", "/q"},
			{"Content-Location", "q", "/q"},
			{"Location", "/x/%2e%2e/q", "/q"},
			{"Location", "//a.test//q", "/q"},
			{"Location", "http://a.test:80/q", "/q"},
		} {
			if tt.name != "the default port" && strings.Contains(answer.to, "a.test") && !strings.Contains(tt.request, "Host: a.test") {
				continue // whose URL that is, nobody knows
			}
			if strings.Contains(tt.name, "segments") && answer.to == "q" {
				continue // relative to another path
			}
			s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "POST" && answer.field != "" {
					w.Header().Set(answer.field, answer.to)
				}
			})
			s.get("http://a.test" + answer.page)
			s.get("http://a.test/other")
			resp, b := newWire(t, s).shout(t, tt.request+"Content-Length: 0\r\n\r\n")
			if resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %d %s", tt.name, resp.StatusCode, b)
				continue
			}
			wantStatus(t, s.get("http://a.test"+answer.page), fmt.Sprintf("%s, %s: %s", tt.name, answer.field, answer.to), "uncache; fwd=miss")
			wantStatus(t, s.get("http://a.test/other"), tt.name+": another page", "uncache; hit")
		}
	}
}

// A host that is not one of the site's is asked for all of them; its groups are
// nobody's.
func TestUnsafeRequestToAForeignHost(t *testing.T) {
	s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Keys: newKeys(t, &keys.Options{Hosts: []string{"a.test", "b.test"}})}, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			w.Header().Set("Cache-Group-Invalidation", `"shop"`)
			return
		}
		if r.URL.Path == "/shop" {
			w.Header().Set("Cache-Groups", `"shop"`)
		}
	})
	pages := []string{"http://a.test/p", "http://b.test/p", "http://b.test/p?page=2", "http://a.test/shop", "http://a.test/other"}
	for _, u := range pages {
		s.get(u)
	}
	s.do("POST", "http://internal:8080/p")
	for i, u := range pages {
		want := "uncache; fwd=miss"
		if i > 2 {
			want = "uncache; hit"
		}
		wantStatus(t, s.get(u), u, want)
	}
}

// A tunnel has no page, and an error has changed nothing.
func TestUnsafeRequestThatPurgesNothing(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = io.WriteString(w, "page")
	})
	w := newWire(t, s)
	s.get("http://a.test/p")
	w.shout(t, "POST http://u@a.test/p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n")
	w.shout(t, "CONNECT a.test:80 HTTP/1.1\r\nHost: a.test\r\n\r\n")
	wantStatus(t, s.get("http://a.test/p"), "after them", "uncache; hit")
}

// A spelling of an unsafe request that Skip would skip says nothing of the pages
// that others are given.
func TestUnsafeRequestInASpellingThatIsSkipped(t *testing.T) {
	s := newSite(t, nil, &pagecache.Options{
		TTL: time.Minute, Keys: newKeys(t, queryOf("page")),
		Skip: func(r *http.Request) bool {
			return r.URL.RawQuery != "" || strings.HasSuffix(r.Host, ":80") || strings.Contains(r.RequestURI, "%70")
		},
	}, func(http.ResponseWriter, *http.Request) {})
	for _, target := range []string{"/p?utm=x", "http://a.test:80/p", "/%70"} {
		s.get("http://a.test/p")
		wantStatus(t, s.get("http://a.test/p"), "before", "uncache; hit")
		r := httptest.NewRequest("POST", target, nil)
		if r.Host == "example.com" {
			r.Host = "a.test"
		}
		s.ServeHTTP(httptest.NewRecorder(), r)
		wantStatus(t, s.get("http://a.test/p"), "after POST "+target, "uncache; fwd=miss")
	}
}

// A handler of this process has changed what it says, though its request names no
// host; a proxy's origin may be anybody's.
func TestGroupsOfARequestWithoutAHost(t *testing.T) {
	for _, transparent := range []bool{false, true} {
		s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Proxy: &pagecache.Proxy{Transparent: transparent}}, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				w.Header().Set("Cache-Group-Invalidation", `"shop"`)
				return
			}
			w.Header().Set("Cache-Groups", `"shop"`)
		})
		s.get("http://a.test/shop")
		newWire(t, s).shout(t, "POST /p HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
		if hit := strings.Contains(s.get("http://a.test/shop").Header.Get("Cache-Status"), "hit"); hit != transparent {
			t.Errorf("Transparent %v: served from the store %v", transparent, hit)
		}
	}
}
