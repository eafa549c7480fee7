package pagecache_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

// greet answers with the visitor's name, and what the path says in Cache-Control
// or Vary. It says nothing of cookies by itself, as handlers are known to do.
func greet(w http.ResponseWriter, r *http.Request) {
	if field, value, ok := strings.Cut(r.FormValue("say"), ":"); ok {
		w.Header().Set(field, value)
	}
	who := "stranger"
	if c, err := r.Cookie("session"); err == nil {
		who = c.Value
	}
	fmt.Fprint(w, "Hello, ", who)
}

func sessions() *pagecache.Options {
	return &pagecache.Options{TTL: time.Minute, SessionCookies: []string{"session", "__Host-id"}}
}

// What is made for a visitor with a session is for him alone, unless it says more;
// and strangers have the cache.
func TestSessionCookies(t *testing.T) {
	s := newSite(t, nil, sessions(), greet)
	for _, step := range []struct {
		cookie, body, status string
	}{
		{"session=alice", "Hello, alice", "uncache; fwd=miss; detail=session-cookie"},
		{"", "Hello, stranger", "uncache; fwd=miss; stored"},
		{"", "Hello, stranger", "uncache; hit; ttl=59"},
		{"session=bob", "Hello, bob", "uncache; fwd=request; detail=session-cookie"},
		{"theme=dark; session=bob", "Hello, bob", "uncache; fwd=request; detail=session-cookie"},
		{"theme=dark;session =bob", "Hello, bob", "uncache; fwd=request; detail=session-cookie"},
		{"theme=dark, session=bob", "Hello, stranger", "uncache; fwd=request; detail=session-cookie"}, // RFC 2965 §3.3.4, and whoever combines lines
		{`theme="dark; session=bob"`, "Hello, stranger", "uncache; fwd=request; detail=session-cookie"},
		{"session", "Hello, ", "uncache; fwd=request; detail=session-cookie"},
		{"__Host-id=1", "Hello, stranger", "uncache; fwd=request; detail=session-cookie"},
		{"Session=bob; theme=session; my-session=1", "Hello, stranger", "uncache; hit; ttl=59"},
		{"", "Hello, stranger", "uncache; hit; ttl=59"},
	} {
		var fields []string
		if step.cookie != "" {
			fields = append(fields, "Cookie: "+step.cookie)
		}
		resp := s.get("/", fields...)
		if got, want := resp.Header.Get("Cache-Status"), step.status; got != want {
			t.Errorf("Cookie %q: Cache-Status %q, want %q", step.cookie, got, want)
		}
		if got := body(t, resp); got != step.body {
			t.Errorf("Cookie %q: got %q, want %q", step.cookie, got, step.body)
		}
	}
	resp := s.get("/", "Cookie: theme=dark", "Cookie: session=bob") // as HTTP/2 splits it
	wantStatus(t, resp, "two lines", "uncache; fwd=request; detail=session-cookie")
}

// RFC 9111 §3.5, for cookies: what says that it is for all, or varies by Cookie.
func TestSessionCookiesAndWhatTheResponseSays(t *testing.T) {
	for say, stored := range map[string]bool{
		"Cache-Control:public":                      true,
		"Cache-Control:s-maxage=60":                 true,
		"Cache-Control:max-age=60, must-revalidate": true,
		"Cache-Control:max-age=60":                  false,
		"Vary:Cookie":                               true,
		"Vary:Accept-Language":                      false,
		"X:y":                                       false,
	} {
		s := newSite(t, nil, sessions(), greet)
		target := "/?say=" + strings.NewReplacer(" ", "+", "=", "%3D", ",", "%2C").Replace(say)
		s.get(target, "Cookie: session=alice")
		again := s.get(target, "Cookie: session=alice")
		if hit := strings.Contains(again.Header.Get("Cache-Status"), "; hit"); hit != stored {
			t.Errorf("%s: alice's second request has %q, want a hit: %v", say, again.Header.Get("Cache-Status"), stored)
		}
		got := body(t, s.get(target, "Cookie: session=bob"))
		if shared := strings.HasPrefix(say, "Cache-Control:") && stored; !shared && got != "Hello, bob" {
			t.Errorf("%s: bob was given %q", say, got)
		}
	}
}

// Where Cookie is in every key there is nothing to keep apart.
func TestSessionCookiesInTheKey(t *testing.T) {
	o := sessions()
	o.Keys = newKeys(t, &keys.Options{Headers: []string{"cookie"}})
	s := newSite(t, nil, o, greet)
	s.get("/", "Cookie: session=alice")
	wantStatus(t, s.get("/", "Cookie: session=alice"), "the same cookie", "uncache; hit; ttl=59")
	if got := body(t, s.get("/", "Cookie: session=bob")); got != "Hello, bob" {
		t.Errorf("bob was given %q", got)
	}
}

// Nobody waits for the page of somebody with a session, who waits for nobody.
func TestSessionsAreNotCollapsed(t *testing.T) {
	var both sync.WaitGroup
	both.Add(3)
	s := newSite(t, nil, sessions(), func(w http.ResponseWriter, r *http.Request) {
		both.Done()
		both.Wait() // all three are being rendered at once, or this hangs
		greet(w, r)
	})
	var wg sync.WaitGroup
	for _, who := range []string{"alice", "bob", ""} {
		wg.Go(func() {
			want, fields := "Hello, stranger", []string(nil)
			if who != "" {
				want, fields = "Hello, "+who, []string{"Cookie: session=" + who}
			}
			if got := body(t, s.get("/", fields...)); got != want {
				t.Errorf("%q was given %q", who, got)
			}
		})
	}
	wg.Wait()
}

// A range of what strangers have is not for who is known, either; nor is what is
// stale, or asked about.
func TestSessionCookiesOtherRoads(t *testing.T) {
	o := sessions()
	o.StaleWhileRevalidate, o.StaleIfError, o.AllETags = time.Hour, time.Hour, true
	s := newSite(t, nil, o, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept-Language")
		w.Header().Set("Etag", `"same"`)
		if len(r.Header["If-None-Match"]) > 0 && len(r.Header["Cookie"]) > 0 {
			t.Errorf("the handler was asked about %q for somebody known", r.Header["If-None-Match"])
		}
		greet(w, r)
	})
	s.get("/", "Accept-Language: en")
	s.get("/", "Accept-Language: de")
	for _, fields := range [][]string{
		{"Cookie: session=bob", "Accept-Language: en"},
		{"Cookie: session=bob", "Accept-Language: fr"},
		{"Cookie: session=bob", "Accept-Language: en", "Range: bytes=0-99"},
	} {
		resp := s.get("/", fields...)
		if got := body(t, resp); !strings.HasPrefix(got, "Hello, bob") {
			t.Errorf("%q: got %q with %s", fields, got, resp.Header.Get("Cache-Status"))
		}
	}
}

// Nor is a part that is stored by itself, though one is that says so.
func TestPartsAndWhoIsKnown(t *testing.T) {
	for control, want := range map[string]string{"max-age=60": "Hello, bob", "max-age=60, public": "Hello, all"} {
		o := sessions()
		o.Transparent = true
		s := newSite(t, nil, o, func(w http.ResponseWriter, r *http.Request) {
			who := "all"
			if len(r.Header["Cookie"]) > 0 || len(r.Header["Authorization"]) > 0 {
				who = "bob"
			}
			w.Header().Set("Cache-Control", control)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/1000", len("Hello, ")+len(who)-1))
			w.WriteHeader(http.StatusPartialContent)
			fmt.Fprint(w, "Hello, ", who)
		})
		s.get("/", "Range: bytes=0-9")
		for _, field := range []string{"Cookie: session=bob", "Authorization: Basic YTpi"} {
			if got := body(t, s.get("/", "Range: bytes=0-9", field)); got != want {
				t.Errorf("%s, %s: got %q, want %q", control, field, got, want)
			}
		}
		if got := body(t, s.get("/", "Range: bytes=0-9")); got != "Hello, all" {
			t.Errorf("%s: a stranger got %q", control, got)
		}
	}
}

func TestSessionCookiesAreValidated(t *testing.T) {
	for _, name := range []string{"", "a b", "session=", "a;b", "wordpress_logged_in_*", "ü"} {
		o := pagecache.Options{SessionCookies: []string{name}}
		wantOptionsError(t, o, "SessionCookies")
	}
}

// What a handler answers somebody with a session says nothing of strangers: they
// still wait for one another.
func TestSessionsDoNotKeepStrangersApart(t *testing.T) {
	for say, header := range map[string]http.Header{
		"private":    {"Cache-Control": {"private"}},
		"set-cookie": {"Set-Cookie": {"session=2"}},
	} {
		t.Run(say, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				goOn := make(chan struct{})
				s := newSite(t, nil, sessions(), func(w http.ResponseWriter, r *http.Request) {
					if _, err := r.Cookie("session"); err == nil {
						for name, values := range header {
							w.Header()[name] = values
						}
						return
					}
					<-goOn
					_, _ = io.WriteString(w, "stranger")
				})
				s.get("/", "Cookie: session=1")
				together(t, s, goOn, "X: 1", "X: 2", "X: 3")
				if n := s.rendered(); n != 2 {
					t.Errorf("3 strangers: %d renderings, want 1", n-1)
				}
			})
		})
	}
}

// RFC 9111 §5.2.1.7: only-if-cached does not wake the handler, though what is stored is
// not for this visitor.
func TestSessionThatWantsWhatIsStored(t *testing.T) {
	opts := sessions()
	opts.ClientDirectives = true
	s := newSite(t, nil, opts, greet)
	s.get("/")
	for _, field := range []string{"Cookie: session=alice", "Authorization: Basic YTpi"} {
		resp := s.get("/", field, "Cache-Control: only-if-cached")
		if resp.StatusCode != http.StatusGatewayTimeout {
			t.Errorf("%s: status %d, want 504", field, resp.StatusCode)
		}
	}
	if n := s.rendered(); n != 1 {
		t.Errorf("%d renderings, want 1", n)
	}
}
