package pagecache_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

// wrap puts a middleware around s which sets header fields for each visitor,
// whose name is in the request.
func wrap(s *site, set func(h http.Header, visitor string)) {
	inner := s.Handler
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		set(w.Header(), r.Header.Get("Visitor"))
		inner.ServeHTTP(w, r)
	})
}

// What the handler adds to a field of a middleware around is the handler's; the
// rest is for one visitor.
func TestHandlerAddsToAFieldOfMiddleware(t *testing.T) {
	for name, wide := range map[string]int{"full": 0, "with room": 8} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Add("Link", "</style.css>; rel=preload")
				w.Header().Add("Cache-Status", "origin; hit")
			})
			wrap(s, func(h http.Header, visitor string) {
				h["Link"] = append(make([]string, 0, 1+wide), "</"+visitor+">; rel=author")
			})
			for _, visitor := range []string{"alice", "bob"} {
				h := s.get("/", "Visitor: "+visitor).Header
				got := strings.Join(h["Link"], ", ")
				if want := "</" + visitor + ">; rel=author, </style.css>; rel=preload"; got != want {
					t.Errorf("%s: Link is %q, want %q", visitor, got, want)
				}
			}
			if n := s.rendered(); n != 1 {
				t.Errorf("%d renderings, want 1", n)
			}
		})
	}
}

// A field that the handler set is its own, although somebody around had set the
// same for the first visitor.
func TestHandlerSetsAFieldOfMiddleware(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Frame-Options", "DENY") })
	wrap(s, func(h http.Header, visitor string) {
		if visitor == "alice" {
			h.Set("X-Frame-Options", "DENY")
		}
	})
	s.get("/", "Visitor: alice")
	if got := s.get("/", "Visitor: bob").Header.Get("X-Frame-Options"); got != "DENY" {
		t.Errorf("X-Frame-Options: got %q, want the handler's", got)
	}
}

// Requests share the header values of a stored response. To append to them makes a copy.
func TestAppendingToAHit(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Cache-Status"] = append(make([]string, 0, 8), "origin; hit", "edge; hit")
		w.Header().Add("Link", "</a>")
	})
	s.get("/")
	var seen []http.Header
	for _, visitor := range []string{"alice", "bob"} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		for _, name := range []string{"Cache-Status", "Link", "Age", "Cache-Control"} {
			w.Header().Add(name, visitor)
		}
		seen = append(seen, w.Header())
	}
	for _, name := range []string{"Cache-Status", "Link", "Age", "Cache-Control"} {
		if list := seen[0][name]; list[len(list)-1] != "alice" {
			t.Errorf("%s of the first visitor became %q", name, list)
		}
	}
}

// A compressor outside names Accept-Encoding for what it does itself.
func TestIgnoreVary(t *testing.T) {
	for _, ignore := range []bool{false, true} {
		opts := &pagecache.Options{TTL: time.Minute}
		if ignore {
			opts.IgnoreVary = []string{"accept-encoding"}
		}
		s := newSite(t, nil, opts, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
		wrap(s, func(h http.Header, _ string) { h.Add("Vary", "Accept-Encoding") })
		for _, e := range []string{"gzip", "gzip, br", "br;q=0.5"} {
			if got := s.get("/", "Accept-Encoding: "+e).Header.Get("Vary"); got != "Accept-Encoding" {
				t.Errorf("Vary is %q", got)
			}
		}
		if n, want := s.rendered(), map[bool]int{true: 1, false: 3}[ignore]; n != want {
			t.Errorf("ignored %v: %d renderings, want %d", ignore, n, want)
		}
	}
}

// CSRF middleware outside the cache makes a token for a visitor without one, sets it as
// a cookie and says Vary: Cookie. The page with that token is not for the next visitor
// without one.
func TestTokenOfAFirstVisit(t *testing.T) {
	for _, tt := range []struct {
		rule   string
		vary   string
		keys   *keys.Options
		set    string // by those around; "" for a new token
		send   []string
		store  bool
		stored bool
	}{
		{rule: "a new token", vary: "Cookie"},
		{rule: "selected by the key", keys: &keys.Options{Headers: []string{"Cookie"}}},
		{rule: "in place of another", vary: "Cookie", send: []string{"Cookie: token=x"}},
		{rule: "malformed", vary: "Cookie", set: "?"},
		{rule: "the visitor's own, once more", vary: "Cookie", set: "token=x; Path=/", send: []string{"Cookie: token=x"}, stored: true},
		{rule: "taken back from one who has it", vary: "Cookie", set: "token=; Max-Age=0", send: []string{"Cookie: token=x"}},
		{rule: "taken back from one who has it not", vary: "Cookie", set: "token=; Max-Age=0", stored: true},
		{rule: "a page that is the same for all", stored: true},
		{rule: "StoreSetCookie", vary: "Cookie", store: true, stored: true},
	} {
		visit := 0
		opts := &pagecache.Options{TTL: time.Minute, Proxy: &pagecache.Proxy{StoreSetCookie: tt.store}, Keys: newKeys(t, tt.keys)}
		s := newSite(t, nil, opts, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, w.Header().Get("Set-Cookie")) // what the form shows
		})
		wrap(s, func(h http.Header, _ string) {
			visit++
			if h.Set("Set-Cookie", tt.set); tt.set == "" {
				h.Set("Set-Cookie", fmt.Sprintf("token=%d", visit))
			}
			if tt.vary != "" {
				h.Add("Vary", tt.vary)
			}
		})
		if first := s.get("/", tt.send...); !tt.stored {
			wantStatus(t, first, tt.rule, "uncache; fwd=miss; detail=set-cookie")
		}
		second := s.get("/", tt.send...)
		if page := body(t, second); !tt.stored && page != second.Header.Get("Set-Cookie") {
			t.Errorf("%s: the second visitor was given the token %q, and the page with %q", tt.rule, second.Header.Get("Set-Cookie"), page)
		}
		if n := s.rendered(); (n == 1) != tt.stored {
			t.Errorf("%s: %d renderings for two visitors, stored: want %v", tt.rule, n, tt.stored)
		}
	}
}

// RFC 9110 §8.8.3.3: the page as it is and in gzip must not have one strong entity tag.
// A client with half of the one would get the rest of the other. With a compressor
// outside the cache the tags that it makes are weak, and no parts are given.
func TestRangesInsideOfACompressor(t *testing.T) {
	const page = "0123456789"
	for _, tt := range []struct {
		rule   string
		ignore []string
		etag   string // the handler's
		send   []string
		status int
		weak   bool
	}{
		{"a tag of ours is strong", nil, "", []string{"Range: bytes=4-", "If-Range: ETAG"}, 206, false},
		{"another field", []string{"X-Other"}, "", []string{"Range: bytes=4-"}, 206, false},
		{"§13.1.5: If-Range with a weak tag gives the whole", []string{"accept-encoding"}, "", []string{"Range: bytes=4-", "If-Range: ETAG"}, 200, true},
		{"§14.2: Range may be ignored", []string{"Accept-Encoding"}, "", []string{"Range: bytes=4-"}, 200, true},
		{"§14.2: 416 too", []string{"Accept-Encoding"}, "", []string{"Range: bytes=40-"}, 200, true},
		{"§13.1.2: If-None-Match is compared weakly", []string{"Accept-Encoding"}, "", []string{"If-None-Match: ETAG"}, 304, true},
		{"a strong tag of the handler", []string{"Accept-Encoding"}, `"v1"`, []string{"Range: bytes=4-", `If-Range: "v1"`}, 206, false},
		{"a weak tag of the handler", []string{"Accept-Encoding"}, `W/"v1"`, []string{"Range: bytes=4-"}, 200, true},
		{"a date of the handler", []string{"Accept-Encoding"}, "", []string{"Range: bytes=4-", "If-Range: Tue, 10 Nov 2026 08:00:00 GMT"}, 200, true},
	} {
		s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, IgnoreVary: tt.ignore}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Last-Modified", "Tue, 10 Nov 2026 08:00:00 GMT")
			if tt.etag != "" {
				w.Header().Set("Etag", tt.etag)
			}
			_, _ = io.WriteString(w, page)
		})
		etag := s.get("/").Header.Get("Etag")
		if weak := strings.HasPrefix(etag, "W/"); weak != tt.weak {
			t.Errorf("%s: the ETag is %s, want a weak one: %v", tt.rule, etag, tt.weak)
		}
		for i := range tt.send {
			tt.send[i] = strings.Replace(tt.send[i], "ETAG", etag, 1)
		}
		resp := s.get("/", tt.send...)
		if want := map[int]string{200: page, 206: page[4:]}[tt.status]; resp.StatusCode != tt.status || body(t, resp) != want {
			t.Errorf("%s: %q: got %s, want %d %q", tt.rule, tt.send, resp.Status, tt.status, want)
		}
		wantStatus(t, resp, tt.rule, "uncache; hit")
	}
}

// A field whose name is not in net/http's spelling is sent like any other, so it
// counts like any other.
func TestFieldNamesInOtherSpelling(t *testing.T) {
	for _, name := range []string{"set-cookie", "cache-control", "vary", "Vary ", "Set-Cookie\t"} {
		s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) { w.Header()[name] = []string{"private"} })
		s.get("/")
		wantStatus(t, s.get("/"), name, "uncache; fwd=miss; detail=field-name")
	}
}

// RFC 9110 §9.3.1: a GET may have content, and a handler may read it; no key
// knows of it.
func TestContentOfAGet(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	for _, content := range []string{"evil", "other"} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", "/", strings.NewReader(content)))
		if w.Body.String() != content {
			t.Errorf("sent %q, got %q", content, w.Body)
		}
	}
	if got := body(t, s.get("/")); got != "" {
		t.Errorf("without content: %q", got)
	}
}

// A handler behind a proxy that ends TLS sends visitors from http to https, by
// what the proxy says; stored, that would go round for ever.
func TestRedirectToItself(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Forwarded-Proto") != "https" {
			http.Redirect(w, r, "https://"+r.Host+r.URL.String(), http.StatusMovedPermanently)
			return
		}
		_, _ = io.WriteString(w, "page")
	})
	r := httptest.NewRequest("GET", "/x?y", nil)
	r.Host = "a.example"
	s.ServeHTTP(httptest.NewRecorder(), r)
	r = httptest.NewRequest("GET", "/x?y", nil)
	r.Host = "a.example"
	r.Header.Set("X-Forwarded-Proto", "https")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 200 || w.Body.String() != "page" {
		t.Errorf("over https: got %d, Location %q", w.Code, w.Header().Get("Location"))
	}
}

func TestTrailersOfAConditionalRequest(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Set("ETag", `"v1"`)
		_, _ = io.WriteString(w, "page")
		w.Header().Set("X-Sum", "42")
	})
	base, client := serve(t, s)
	r, err := http.NewRequestWithContext(t.Context(), "GET", base, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("If-None-Match", `"v2"`)
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_ = body(t, resp)
	if got := resp.Trailer.Get("X-Sum"); got != "42" {
		t.Errorf("trailer X-Sum: got %q, want 42", got)
	}
}

// A parameter that does not count must not get into a page that everybody is
// given.
func TestParametersThatDoNotCountAreNotSeen(t *testing.T) {
	builder, err := keys.New("page", &keys.Options{Query: []string{"page"}})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Keys: builder}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.RawQuery+" "+r.RequestURI)
	})
	for _, target := range []string{"/?utm=evil&page=2", "/?page=2"} {
		if got := body(t, s.get(target)); got != "page=2 /?page=2" {
			t.Errorf("GET %s: the handler saw %q", target, got)
		}
	}
}

// RFC 9110 §7.6.1: a proxy drops what Connection names, and its origin answers
// without it.
func TestConnectionNamesASelectingField(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept-Language")
		if r.Header.Get("Connection") != "Accept-Language" {
			_, _ = io.WriteString(w, r.Header.Get("Accept-Language"))
		}
	})
	s.get("/", "Accept-Language: de", "Connection: Accept-Language")
	if got := body(t, s.get("/", "Accept-Language: de", "Connection: keep-alive, TE")); got != "de" {
		t.Errorf("got the page for %q", got)
	}
	wantStatus(t, s.get("/", "Accept-Language: de", "Connection: close"), "again", "uncache; hit")
}

// An appender is middleware outside the cache that adds something to what is written.
type appender struct {
	http.ResponseWriter
	name string
	page []byte
}

func (a *appender) Write(b []byte) (int, error) {
	//lint:ignore SA1023 this is what no Writer may do, and some do
	a.page = append(b, a.name...)
	return len(b), nil
}

// Requests share the body of a stored response. To append to it makes a copy: bytes
// written behind its end would be read by the next request.
func TestAppendingToABody(t *testing.T) {
	const size = 1000 // a slice that is appended to has room for some more
	for name, b := range map[string]cache.Backend{"near": nil, "far": far{newMemory(t)}} {
		s := newSite(t, b, &pagecache.Options{TTL: time.Minute, Proxy: &pagecache.Proxy{Transparent: true}}, func(w http.ResponseWriter, r *http.Request) {
			body := strings.Repeat("page", size/4)
			if r.Header.Get("Range") != "" {
				w.Header().Set("Content-Range", "bytes 0-999/2000")
				w.WriteHeader(http.StatusPartialContent)
			}
			_, _ = io.WriteString(w, body)
		})
		visit := func(path, visitor, ranges string) *appender {
			w := &appender{httptest.NewRecorder(), visitor, nil}
			r := httptest.NewRequest("GET", path, nil)
			if ranges != "" {
				r.Header.Set("Range", ranges)
			}
			s.ServeHTTP(w, r)
			return w
		}
		for range 2 {
			alice := visit("/", "alice", "")
			bob := visit("/", "bob!!", "")
			if got := string(alice.page[size:]); got != "alice" {
				t.Errorf("%s: alice's page ends with %q", name, got)
			}
			if got := string(bob.page[size:]); got != "bob!!" {
				t.Errorf("%s: bob's page ends with %q", name, got)
			}
		}
		visit("/part", "x", "bytes=0-999")
		visit("/part", "alice", "bytes=0-9")
		if got := string(visit("/part", "", "bytes=8-15").page); got != "pagepage" {
			t.Errorf("%s: what follows a part that somebody has appended to is %q", name, got)
		}
	}
}

func newMemory(t *testing.T) cache.Backend {
	m := memory.New(nil)
	t.Cleanup(func() { _ = m.Close() })
	return m
}
