package pagecache_test

import (
	"context"
	"encoding/json"
	"errors"
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

// explain asks about a GET with header fields given as "Name: value".
func (s *site) explain(target string, fields ...string) pagecache.Explanation {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header.Add(name, value)
	}
	x, err := s.pages.Explain(s.t.Context(), r)
	if err != nil {
		s.t.Fatalf("Explain(%s): %v", target, err)
	}
	return x
}

func wantExplained(t *testing.T, x pagecache.Explanation, status, reason, because string) {
	t.Helper()
	if !strings.HasPrefix(x.Status, status) || x.Reason != reason || !strings.Contains(x.Because, because) {
		t.Errorf("explained as %q, reason %q, because %q; want %q, %q, %q", x.Status, x.Reason, x.Because, status, reason, because)
	}
	if x.Hit != strings.HasPrefix(status, "hit") {
		t.Errorf("Hit is %t beside %q", x.Hit, x.Status)
	}
}

// backends are a store of Go values, and one that encodes.
func backends(t *testing.T) map[string]cache.Backend {
	near, encoded := memory.New(nil), memory.New(nil)
	t.Cleanup(func() { _, _ = near.Close(), encoded.Close() })
	return map[string]cache.Backend{"in memory": near, "encoded": far{encoded}}
}

func TestExplainHit(t *testing.T) {
	for name, b := range backends(t) {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, b, nil, func(w http.ResponseWriter, r *http.Request) {
				pagecache.AddGroups(r.Context(), "author:ada")
				w.Header().Set("Content-Type", "text/html")
				_, _ = io.WriteString(w, "hello")
			})
			wantExplained(t, s.explain("/a/"), "fwd=miss", "", "does not remember")
			s.get("/a/")
			x := s.explain("/a/")
			wantExplained(t, x, "hit; ttl=59", "", "fresh for another")
			if len(x.Stored) != 1 {
				t.Fatalf("%d responses are stored, want 1", len(x.Stored))
			}
			v := x.Stored[0]
			if v.Verdict != "fresh" || !v.Selected || v.Status != 200 || v.Bytes != 5 || v.Type != "text/html" || v.Lifetime != time.Minute {
				t.Errorf("stored is %+v", v)
			}
			for _, want := range []cache.Dependency{"path:/a/", "prefix:", "group:author:ada", "uri:example.com/a/"} {
				if !contains(v.Dependencies, want) {
					t.Errorf("the dependencies %q lack %q", v.Dependencies, want)
				}
			}
			if v.Unnamed != 0 {
				t.Errorf("%d dependencies have no name", v.Unnamed)
			}
			if x.Rendering == nil || !x.Rendering.Stored || x.Rendering.Status != 200 {
				t.Errorf("the last rendering is %+v", x.Rendering)
			}
		})
	}
}

func contains(list []cache.Dependency, d cache.Dependency) bool {
	for _, have := range list {
		if have == d {
			return true
		}
	}
	return false
}

// A process that has not rendered the page knows the last event that names it.
func TestExplainPurgedElsewhere(t *testing.T) {
	s := newSite(t, nil, nil, func(http.ResponseWriter, *http.Request) {})
	for _, reason := range []string{"first", "last"} {
		if err := s.pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Prefix("/a")}, Reason: reason}); err != nil {
			t.Fatal(err)
		}
	}
	x := s.explain("/a/b")
	wantExplained(t, x, "fwd=miss", "", "does not remember that it was ever rendered. It was purged")
	if x.Purge == nil || x.Purge.Reason != "last" {
		t.Errorf("the event is %+v", x.Purge)
	}
	wantExplained(t, s.explain("/b"), "fwd=miss", "", "does not remember")
}

// The page is still stored, or its key was deleted with the purge: either way the event
// that ended it is found.
func TestExplainPurged(t *testing.T) {
	for name, b := range backends(t) {
		for what, d := range map[string]cache.Dependency{"group": cache.Group("author:ada"), "path": cache.Path("/a/"), "all": cache.All} {
			t.Run(name+"/"+what, func(t *testing.T) {
				k, err := keys.New("page", &keys.Options{Hosts: []string{"example.com"}}) // so that keys are deleted
				if err != nil {
					t.Fatal(err)
				}
				s := newSite(t, b, &pagecache.Options{TTL: time.Minute, Keys: k}, func(w http.ResponseWriter, r *http.Request) {
					pagecache.AddGroups(r.Context(), "author:ada")
				})
				s.get("/a/")
				s.purge("group:other")
				e := cache.Event{Dependencies: []cache.Dependency{d, "group:one of many"}, Reason: "blog.Post 42 saved", Origin: "ada@web-1"}
				if err := s.pages.Purge(t.Context(), e); err != nil {
					t.Fatal(err)
				}
				s.purge("group:later", d)
				x := s.explain("/a/")
				wantExplained(t, x, "fwd=miss", "purged", "at position ")
				if x.Purge == nil {
					t.Fatal("no event")
				}
				if x.Purge.Reason != e.Reason || x.Purge.Origin != e.Origin {
					t.Errorf("the event is %+v, want %+v", x.Purge, e)
				}
				if len(x.Purge.Dependencies) != 1 || x.Purge.Dependencies[0] != d {
					t.Errorf("it names %q, want %q alone", x.Purge.Dependencies, d)
				}
				if what == "path" { // its key was deleted with the purge
					if len(x.Stored) != 0 {
						t.Errorf("stored is %+v, want nothing", x.Stored)
					}
				} else if len(x.Stored) != 1 || x.Stored[0].Verdict != "purged" || x.Stored[0].Purge == nil {
					t.Errorf("stored is %+v", x.Stored)
				}
			})
		}
	}
}

func TestExplainSoftPurge(t *testing.T) {
	for name, grace := range map[string]time.Duration{"served": time.Hour, "not served": 0} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, StaleWhileRevalidate: grace}, func(http.ResponseWriter, *http.Request) {})
			s.get("/a")
			e := cache.Event{Dependencies: []cache.Dependency{cache.Path("/a")}, Soft: true, Reason: "counted"}
			if err := s.pages.Purge(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			x := s.explain("/a")
			if grace > 0 {
				wantExplained(t, x, "hit; ttl=59; detail=soft-purged", "", "purged softly")
			} else {
				wantExplained(t, x, "fwd=stale", "", "StaleWhileRevalidate")
			}
			if x.Purge == nil || x.Purge.Reason != "counted" {
				t.Errorf("the event is %+v", x.Purge)
			}
		})
	}
}

// The rules that keep a request from the cache, and a response from the store, by the words
// that the request itself gets in Cache-Status.
func TestExplainRules(t *testing.T) {
	k, err := keys.New("page", &keys.Options{Hosts: []string{"example.com"}, Query: []string{"page"}})
	if err != nil {
		t.Fatal(err)
	}
	opts := &pagecache.Options{
		Keys: k, TTL: time.Minute, MaxBody: 10, SessionCookies: []string{"sid"},
		Skip: func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/skip") },
	}
	s := newSite(t, nil, opts, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cookie":
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		case "/private":
			w.Header().Set("Cache-Control", "private")
		case "/no-store":
			w.Header().Set("Cache-Control", "no-store")
		case "/error":
			w.WriteHeader(http.StatusInternalServerError)
		case "/large":
			_, _ = io.WriteString(w, "more than ten bytes")
		case "/refused":
			pagecache.DoNotStore(r.Context())
		case "/rotten":
			w.Header().Set("Vary", "*")
		}
	})
	for _, c := range []struct{ target, field, reason string }{
		{"/cookie", "", "set-cookie"},
		{"/private", "", "private"},
		{"/no-store?other=1", "", "no-store:query-cut"},
		{"/error", "", "no-lifetime"},
		{"/large", "", "too-large"},
		{"/refused", "", "do-not-store"},
		{"/rotten", "", "vary-any"},
		{"/skip", "", "skip"},
		{"/a//b", "", "path"},
		{"/" + strings.Repeat("a/", 70), "", "path-depth"},
		{"/" + strings.Repeat("a", 9000), "", "url-length"},
		{"/", "Cookie: sid=1", "session-cookie"},
		{"/", "Upgrade: websocket", ""},
		{"/", "If-Match: \"a\"", "precondition"},
		{"/", "Authorization: Basic x", "authorization"},
	} {
		var fields []string
		if c.field != "" {
			fields = []string{c.field}
		}
		x := s.explain(c.target, fields...)
		if x.Hit {
			t.Errorf("%s: a hit before anybody asked", c.target)
		}
		resp := s.get(c.target, fields...)
		x = s.explain(c.target, fields...)
		if x.Reason != c.reason || c.reason != "" && x.Because == "" {
			t.Errorf("%.40s %s: reason %q because %q, want %q", c.target, c.field, x.Reason, x.Because, c.reason)
		}
		if c.reason != "" && !strings.Contains(resp.Header.Get("Cache-Status"), "detail="+c.reason) {
			t.Errorf("%.40s: explained as %q, but the request was told %q", c.target, c.reason, resp.Header.Get("Cache-Status"))
		}
	}
	r := httptest.NewRequest(http.MethodGet, "http://other.example/", nil)
	if x, err := s.pages.Explain(t.Context(), r); err != nil || x.Reason != "unknown-host" {
		t.Errorf("another host: %q, %v", x.Reason, err)
	}
	r = httptest.NewRequest(http.MethodPost, "/", nil)
	if x, err := s.pages.Explain(t.Context(), r); err != nil || x.Status != "fwd=method" {
		t.Errorf("POST: %q, %v", x.Status, err)
	}
}

// What was said to somebody who is known says nothing about others.
func TestExplainForgetsPersonalRenderings(t *testing.T) {
	s := newSite(t, nil, nil, func(http.ResponseWriter, *http.Request) {})
	s.get("/")
	s.purge(cache.Group("other"))
	s.purge(cache.Path("/"))
	s.get("/", "Authorization: Basic x")
	wantExplained(t, s.explain("/"), "fwd=miss; detail=purged", "purged", "at position")
}

// An Explanation and the next request agree, whatever is stored.
func TestExplainVariants(t *testing.T) {
	for name, b := range backends(t) {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, b, nil, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Vary", "Accept-Language")
				_, _ = io.WriteString(w, r.Header.Get("Accept-Language"))
			})
			s.get("/v", "Accept-Language: de")
			s.get("/v", "Accept-Language: en-GB")
			x := s.explain("/v", "Accept-Language: de")
			wantExplained(t, x, "hit; ttl=59", "", "")
			if len(x.Stored) != 2 || len(x.Vary) != 1 || x.Vary[0] != "Accept-Language" {
				t.Fatalf("%d variants by %q, want 2 by Accept-Language", len(x.Stored), x.Vary)
			}
			for _, v := range x.Stored {
				if v.Selected != (v.Bytes == len("de")) {
					t.Errorf("%d bytes: selected %t", v.Bytes, v.Selected)
				}
			}
			wantExplained(t, s.explain("/v", "Accept-Language: fr"), "fwd=vary-miss", "", "Other variants")
			wantStatus(t, s.get("/v", "Accept-Language: fr"), "the request", "uncache; fwd=vary-miss")
		})
	}
}

func TestExplainExpired(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=1")
		w.Header().Set("Etag", `"own"`)
		w.Header().Set("Age", "5")
	})
	s.get("/")
	wantExplained(t, s.explain("/"), "fwd=stale", "", "whether it is still good")
}

// No fill, no hit, no shortcut, no observation.
func TestExplainDisturbsNothing(t *testing.T) {
	m := memory.New(nil)
	defer m.Close()
	observed := 0
	opts := &pagecache.Options{TTL: time.Minute, Observe: func(*http.Request, pagecache.Observation) { observed++ }}
	s := newSite(t, m, opts, func(http.ResponseWriter, *http.Request) {})
	before := m.Stats()
	s.explain("/")
	if s.rendered() != 0 || observed != 0 {
		t.Fatalf("Explain called the handler %d times, and Observe %d times", s.rendered(), observed)
	}
	if after := m.Stats(); after != before {
		t.Errorf("the store has %+v, and had %+v", after, before)
	}
	s.get("/")
	observed = 0
	s.explain("/")
	if observed != 0 {
		t.Errorf("Observe was told %d times", observed)
	}
}

// A backend that fails is an error, and the page is explained as far as it goes.
func TestExplainWithoutBackend(t *testing.T) {
	m := memory.New(nil)
	s := newSite(t, m, nil, func(http.ResponseWriter, *http.Request) {})
	_ = m.Close()
	x, err := s.pages.Explain(t.Context(), httptest.NewRequest(http.MethodGet, "/", nil))
	if !errors.Is(err, cache.ErrClosed) || x.Reason != "cache-unavailable" || x.Because == "" {
		t.Errorf("explained as %q because %q, %v", x.Reason, x.Because, err)
	}
}

func TestExplainPanicOfSkip(t *testing.T) {
	opts := &pagecache.Options{TTL: time.Minute, Skip: func(*http.Request) bool { panic("no tenant") }}
	s := newSite(t, nil, opts, func(http.ResponseWriter, *http.Request) {})
	if _, err := s.pages.Explain(t.Context(), httptest.NewRequest(http.MethodGet, "/", nil)); !errors.Is(err, cache.ErrPanic) {
		t.Errorf("error %v, want cache.ErrPanic", err)
	}
}

// What others wrote into the log reaches a terminal as text, whatever it holds.
func TestExplanationIsPrintable(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/\x1b]0;owned\a")
	})
	s.get("/a")
	e := cache.Event{Dependencies: []cache.Dependency{cache.Prefix("/a"), "group:\x1b[2J\n"}, Reason: "\x1b[31mred\nline\u202e", Origin: "me\r"}
	if err := s.pages.Purge(context.Background(), e); err != nil {
		t.Fatal(err)
	}
	x := s.explain("/a")
	text := x.String()
	if strings.ContainsAny(text, "\x1b\r\a\u202e") || !strings.Contains(text, "red") {
		t.Errorf("the text is %q", text)
	}
	if b, err := json.Marshal(x); err != nil || !strings.Contains(string(b), `"stored":[{"key":`) {
		t.Errorf("as JSON: %s, %v", b, err)
	}
}
