package pagecache_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
)

// RFC 9111 §3: what may be stored. Each case asks twice and looks whether the
// second was a hit.
func TestStoring(t *testing.T) {
	date := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	tests := []struct {
		rule     string
		status   int
		response string // header fields, ";;" between them
		request  string
		ttl      time.Duration
		stored   bool
		detail   string
	}{
		{rule: "§4.2.2: a configured lifetime for a status that allows it", ttl: time.Minute, stored: true},
		{rule: "no lifetime at all", detail: "no-lifetime"},
		{rule: "§5.2.2.1: max-age", response: "Cache-Control: max-age=60", stored: true},
		{rule: "max-age=0", response: "Cache-Control: max-age=0", ttl: time.Minute, detail: "no-lifetime"},
		{rule: "§4.2.1: max-age that is no number is stale", response: "Cache-Control: max-age=x", ttl: time.Minute, detail: "no-lifetime"},
		{rule: "§4.2.1: of two max-age the smaller", response: "Cache-Control: max-age=60, max-age=0", detail: "no-lifetime"},
		{rule: "quoted argument", response: `Cache-Control: max-age="60"`, stored: true},
		{rule: "§1.2.2: overflow counts as 2^31", response: "Cache-Control: max-age=99999999999999999999", stored: true},
		{rule: "§5.2.2.10: s-maxage goes before max-age", response: "Cache-Control: max-age=0, s-maxage=60", stored: true},
		{rule: "s-maxage=0 goes before max-age", response: "Cache-Control: max-age=60, s-maxage=0", detail: "no-lifetime"},
		{rule: "§5.3: Expires in the future", response: "Expires: " + date(time.Hour), stored: true},
		{rule: "§5.3: Expires in the past", response: "Expires: " + date(-time.Hour), ttl: time.Minute, detail: "no-lifetime"},
		{rule: "§5.3: invalid Expires is in the past", response: "Expires: 0", ttl: time.Minute, detail: "no-lifetime"},
		{rule: "§5.3: max-age goes before Expires", response: "Cache-Control: max-age=60;;Expires: 0", stored: true},
		{rule: "§5.2.2.5: no-store", response: "Cache-Control: no-store", ttl: time.Minute, detail: "no-store"},
		{rule: "§5.2.2.5: no-store in any case", response: "Cache-Control: max-age=60, NO-STORE", detail: "no-store"},
		{rule: "no-store inside a quoted argument is none", response: `Cache-Control: x="a, no-store", max-age=60`, stored: true},
		{rule: "no-store in a second line", response: "Cache-Control: max-age=60;;Cache-Control: no-store", detail: "no-store"},
		{rule: "§5.2.2.7: private", response: "Cache-Control: private, max-age=60", detail: "private"},
		{rule: "§5.2.2.7: private with field names", response: `Cache-Control: private="x", max-age=60`, stored: true},
		{rule: "§5.2.2.4: no-cache with field names", response: `Cache-Control: no-cache="x", max-age=60`, stored: true},
		{rule: "§5.2.2.4: no-cache", response: "Cache-Control: no-cache", ttl: time.Minute, detail: "no-cache"},
		{rule: "Pragma: no-cache without Cache-Control", response: "Pragma: no-cache", ttl: time.Minute, detail: "no-cache"},
		{rule: "§5.4: Pragma beside Cache-Control means nothing", response: "Pragma: no-cache;;Cache-Control: max-age=60", stored: true},
		{rule: "§5.2.3: unknown directives are ignored", response: "Cache-Control: max-age=60, frob=1", stored: true},
		{rule: "§5.2.2.3: must-understand sets no-store aside", response: "Cache-Control: must-understand, no-store, max-age=60", stored: true},
		{rule: "§5.2.2.3: must-understand with an unknown status", status: 299, response: "Cache-Control: must-understand, no-store, max-age=60", detail: "status"},
		{rule: "any final status with an explicit lifetime", status: 599, response: "Cache-Control: max-age=60", stored: true},
		{rule: "RFC 3229 §10.4.1: a 226 is for who sent A-IM", status: 226, response: "Cache-Control: max-age=60", detail: "status"},
		{rule: "RFC 6585 §3: 428 is never stored", status: 428, response: "Cache-Control: max-age=60", detail: "status"},
		{rule: "RFC 6585 §4: 429 is never stored", status: 429, response: "Cache-Control: public, max-age=60", detail: "status"},
		{rule: "RFC 6585 §5: 431 is never stored", status: 431, response: "Expires: " + date(time.Hour), detail: "status"},
		{rule: "RFC 6585 §6: 511 is never stored", status: 511, response: "Cache-Control: s-maxage=60", detail: "status"},
		{rule: "500 without one", status: 500, ttl: time.Minute, detail: "no-lifetime"},
		{rule: "404 with the configured lifetime", status: 404, ttl: time.Minute, stored: true},
		{rule: "302 without a lifetime", status: 302, response: "Location: /x", ttl: time.Minute, detail: "no-lifetime"},
		{rule: "204", status: 204, ttl: time.Minute, stored: true},
		{rule: "§3.3: 206 is not stored", status: 206, response: "Content-Range: bytes 0-3/9;;Cache-Control: max-age=60", detail: "partial"},
		{rule: "§3.3: a 200 that names bytes may be a part", response: "Content-Range: bytes 0-3/9;;Cache-Control: max-age=60", detail: "partial"},
		{rule: "9110 §14.4: other than in a 206 and a 416 Content-Range means nothing", response: "Content-Range: x;;Cache-Control: max-age=60", stored: true},
		{rule: "9110 §15.5.17: a 416 is about the range", status: 416, response: "Content-Range: x;;Cache-Control: max-age=60", detail: "partial"},
		{rule: "§4.1: Vary: *", response: "Vary: *", ttl: time.Minute, detail: "vary-any"},
		{rule: "§4.1: * anywhere in Vary", response: "Vary: Accept, *", ttl: time.Minute, detail: "vary-any"},
		{rule: "Set-Cookie", response: "Set-Cookie: a=b;;Cache-Control: public, max-age=60", detail: "set-cookie"},
		{rule: "trailers", response: "Trailer: X-Sum", ttl: time.Minute, detail: "trailer"},
		{rule: "§3.5: Authorization", request: "Authorization: Basic eA==", ttl: time.Minute, detail: "authorization"},
		{rule: "§3.5: Authorization with max-age alone", request: "Authorization: Basic eA==", response: "Cache-Control: max-age=60", detail: "authorization"},
		{rule: "§3.5: Authorization with public", request: "Authorization: Basic eA==", response: "Cache-Control: public, max-age=60", stored: true},
		{rule: "§3.5: Authorization with s-maxage", request: "Authorization: Basic eA==", response: "Cache-Control: s-maxage=60", stored: true},
		{rule: "§3.5: Authorization with must-revalidate", request: "Authorization: Basic eA==", response: "Cache-Control: must-revalidate, max-age=60", stored: true},
		{rule: "§5.2.1.5: no-store in the request", request: "Cache-Control: no-store", ttl: time.Minute, detail: "request-no-store"},
		{rule: "§5.1: already older than it lives", response: "Age: 100;;Cache-Control: max-age=60", detail: "no-lifetime"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			s := newSite(t, nil, &pagecache.Options{TTL: tt.ttl}, func(w http.ResponseWriter, _ *http.Request) {
				for f := range strings.SplitSeq(tt.response, ";;") {
					if name, value, ok := strings.Cut(f, ": "); ok {
						w.Header().Add(name, value)
					}
				}
				if tt.status != 0 {
					w.WriteHeader(tt.status)
				}
				if tt.status != 204 {
					_, _ = io.WriteString(w, "page")
				}
			})
			var request []string
			if tt.request != "" {
				request = []string{tt.request}
			}
			first := s.get("/", request...)
			s.get("/", request...)
			if hit := s.rendered() == 1; hit != tt.stored {
				t.Errorf("response %q to %q: stored %v, want %v", tt.response, tt.request, hit, tt.stored)
			}
			want := "uncache; fwd=miss; stored"
			if !tt.stored {
				want = "uncache; fwd=miss; detail=" + tt.detail
			}
			if got := first.Header.Get("Cache-Status"); got != want {
				t.Errorf("Cache-Status is %q, want %q", got, want)
			}
			if got := body(t, first); tt.status != 204 && got != "page" {
				t.Errorf("the first answer's body is %q", got)
			}
		})
	}
}

func TestMethods(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Method) })
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "FROB"} {
		for range 2 {
			wantStatus(t, s.do(method, "/"), method, "uncache; fwd=method")
		}
		if n := s.rendered(); n != 2 {
			t.Errorf("%s twice: %d renderings, want 2", method, n)
		}
	}
	wantStatus(t, s.do("HEAD", "/"), "HEAD of what is not stored", "uncache; fwd=miss")
	s.get("/")
	s.rendered()
	resp := s.do("HEAD", "/")
	wantStatus(t, resp, "HEAD of what is stored", "uncache; hit")
	if n := s.rendered(); n != 0 || resp.Header.Get("Content-Length") != "3" || body(t, resp) != "" {
		t.Errorf("HEAD: %d renderings, Content-Length %q; want 0 and 3, without a body", n, resp.Header.Get("Content-Length"))
	}
}

// A response that was stored for everybody is not given to somebody who names
// himself, unless it says that it may be.
func TestAuthorizationIsNotAnsweredFromTheStore(t *testing.T) {
	for _, public := range []bool{false, true} {
		s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
			if public {
				w.Header().Set("Cache-Control", "public, max-age=60")
			}
			_, _ = io.WriteString(w, r.Header.Get("Authorization"))
		})
		s.get("/")
		got := body(t, s.get("/", "Authorization: me"))
		if want := map[bool]string{true: "", false: "me"}[public]; got != want {
			t.Errorf("public %v: got %q, want %q", public, got, want)
		}
	}
}

func TestMaxBody(t *testing.T) {
	for size, stored := range map[int]bool{1000: true, 1001: false} {
		s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, MaxBody: 1000}, func(w http.ResponseWriter, _ *http.Request) {
			for range size {
				_, _ = io.WriteString(w, "x")
			}
		})
		for range 2 {
			if got := len(body(t, s.get("/"))); got != size {
				t.Errorf("%d bytes came as %d", size, got)
			}
		}
		if hit := s.rendered() == 1; hit != stored {
			t.Errorf("%d bytes, MaxBody 1000: stored %v, want %v", size, hit, stored)
		}
	}
}

// Header fields that a middleware outside of the cache sets belong to its own
// requests: they are not stored, and do not keep the page from being stored.
func TestFieldsOfMiddlewareOutside(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Del("X-Taken-Away")
		w.Header().Add("Vary", "Accept-Language")
		_, _ = io.WriteString(w, "page")
	})
	inner, id := s.Handler, 0
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id++
		w.Header().Set("X-Request-Id", strings.Repeat("i", id))
		w.Header().Set("Set-Cookie", "visitor="+strings.Repeat("i", id))
		w.Header().Set("X-Taken-Away", "1")
		w.Header().Set("Vary", "Accept-Encoding")
		inner.ServeHTTP(w, r)
	})
	s.get("/")
	resp := s.get("/")
	if n := s.rendered(); n != 1 {
		t.Fatalf("%d renderings, want 1", n)
	}
	if got := resp.Header.Get("X-Request-Id"); got != "ii" {
		t.Errorf("X-Request-Id: got %q, want that of the second request", got)
	}
	if got := resp.Header["Set-Cookie"]; len(got) != 1 || got[0] != "visitor=ii" {
		t.Errorf("Set-Cookie: got %q, want that of the second request", got)
	}
	if got, ok := resp.Header["X-Taken-Away"]; ok && len(got) > 0 {
		t.Errorf("X-Taken-Away: got %q, want none", got)
	}
	if got := strings.Join(resp.Header["Vary"], ", "); got != "Accept-Encoding, Accept-Language" {
		t.Errorf("Vary: got %q", got)
	}
}
