package pagecache_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
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

// What is made for a visitor with a session is that visitor's alone. Strangers
// have the cache.
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
		{"theme=dark, session=bob", "Hello, stranger", "uncache; fwd=request; detail=session-cookie"}, // RFC 2965 §3.3.4, and proxies that combine lines
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

// Only the handler's own public lets a visitor's page be stored. Nothing else that
// lets a response to Authorization be stored does, and nothing that stands in the
// header before the handler.
func TestWhatAVisitorsResponseSays(t *testing.T) {
	for _, tt := range []struct {
		around, say string
		stored      bool
	}{
		{"", "Cache-Control:public", true},
		{"", "Cache-Control:public, s-maxage=60", true},
		{"", "Cache-Control:s-maxage=60", false},
		{"", "Cache-Control:max-age=60, must-revalidate", false},
		{"", "Cache-Control:max-age=60, proxy-revalidate", false},
		{"", "Cache-Control:max-age=60", false},
		{"", "Vary:Cookie", false},
		{"", "Vary:Accept-Language", false},
		{"", "X:y", false},
		{"Vary: Cookie", "", false},
		{"Vary: Cookie", "Cache-Control:public", true},
		{"Vary: Cookie", "Vary:Cookie", false},
		{"Cache-Control: public", "", false},
		{"Cache-Control: public", "Vary:Cookie", false},
		{"Cache-Control: public", "Cache-Control:max-age=60", false},
		{"Cache-Control: public, max-age=60", "Cache-Control:public, max-age=60", true},
		{"Cache-Control: private", "Cache-Control:public", true}, // the handler replaces it
		{"Cdn-Cache-Control: public, max-age=60", "", false},
		{"", "Cdn-Cache-Control:public, max-age=60", true},
		{"", "Cdn-Cache-Control:max-age=60", false},
		{"", "Surrogate-Control:max-age=60", false},
		{"Cdn-Cache-Control: private", "Cache-Control:public", false},
	} {
		t.Run(tt.around+"/"+tt.say, func(t *testing.T) {
			for what, opts := range map[string]*pagecache.Options{"cookie": sessions(), "func": {TTL: time.Minute, Visitor: byCookie}} {
				opts.Targeted = []string{"CDN-Cache-Control", "Surrogate-Control"}
				s := newSite(t, nil, opts, greet)
				inner := s.Handler
				s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if name, value, ok := strings.Cut(tt.around, ": "); ok {
						w.Header().Set(name, value)
					}
					inner.ServeHTTP(w, r)
				})
				target := "/?say=" + url.QueryEscape(tt.say)
				s.get(target, "Cookie: session=alice")
				again := s.get(target, "Cookie: session=alice")
				if hit := strings.Contains(again.Header.Get("Cache-Status"), "; hit"); hit != tt.stored {
					t.Errorf("%s: alice's second request has %q, want a hit: %v", what, again.Header.Get("Cache-Status"), tt.stored)
				}
				for _, who := range []string{"bob", ""} {
					want, fields := "Hello, "+who, []string{"Cookie: session=" + who}
					if who == "" {
						want, fields = "Hello, stranger", nil
					}
					shared := tt.stored && tt.around != "Vary: Cookie"
					if got := body(t, s.get(target, fields...)); !shared && got != want || shared && got != "Hello, alice" {
						t.Errorf("%s: %q was given %q", what, who, got)
					}
				}
			}
		})
	}
}

func byCookie(r *http.Request) bool {
	_, err := r.Cookie("session")
	return err == nil
}

// What was public when it was made for a visitor is for everybody. What was made
// for a stranger is not for visitors, public or not: their pages are often others.
func TestPublicPages(t *testing.T) {
	for _, b := range []cache.Backend{nil, far{memory.New(nil)}} {
		s := newSite(t, b, sessions(), func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "public")
			greet(w, r)
		})
		for _, step := range []struct{ fields, body, status string }{
			{"", "Hello, stranger", "uncache; fwd=miss; stored"},
			{"", "Hello, stranger", "uncache; hit"},
			{"Cookie: session=alice", "Hello, alice", "uncache; fwd=request; stored; detail=session-cookie"},
			{"Cookie: session=bob", "Hello, alice", "uncache; hit"},
			{"", "Hello, alice", "uncache; hit"},
			{"Authorization: Basic YTpi", "Hello, alice", "uncache; hit"},
		} {
			var fields []string
			if step.fields != "" {
				fields = append(fields, step.fields)
			}
			resp := s.get("/", fields...)
			wantStatus(t, resp, step.fields, step.status)
			if got := body(t, resp); got != step.body {
				t.Errorf("%q: got %q, want %q", step.fields, got, step.body)
			}
		}
	}
}

// A page that was public for a visitor, and is confirmed or replaced for a stranger,
// is a stranger's page from then on.
func TestPublicPageRenewedForAStranger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil, sessions(), func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"1"`)
			if r.Header.Get("If-None-Match") == `"1"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("Cache-Control", "public")
			greet(w, r)
		})
		s.get("/", "Cookie: session=alice")
		wantStatus(t, s.get("/", "Cookie: session=bob"), "alice's page", "uncache; hit")
		time.Sleep(2 * time.Minute)
		wantStatus(t, s.get("/", "Cookie: session=bob"), "confirmed for bob", "uncache; fwd=stale; fwd-status=304; stored")
		wantStatus(t, s.get("/", "Cookie: session=alice"), "confirmed for bob", "uncache; hit")
		time.Sleep(2 * time.Minute)
		wantStatus(t, s.get("/"), "confirmed for a stranger", "uncache; fwd=stale; fwd-status=304; stored")
		wantStatus(t, s.get("/"), "a stranger's", "uncache; hit")
		wantStatus(t, s.get("/", "Cookie: session=bob"), "a stranger's page", "uncache; fwd=request; stored; detail=session-cookie")
	})
}

// Where Cookie is in every key, visitors are still visitors.
func TestSessionCookiesInTheKey(t *testing.T) {
	o := sessions()
	o.Keys = newKeys(t, &keys.Options{Headers: []string{"cookie"}})
	s := newSite(t, nil, o, greet)
	s.get("/", "Cookie: session=alice")
	wantStatus(t, s.get("/", "Cookie: session=alice"), "the same cookie", "uncache; fwd=miss; detail=session-cookie")
	if got := body(t, s.get("/", "Cookie: session=bob")); got != "Hello, bob" {
		t.Errorf("bob was given %q", got)
	}
}

// A visitor may be known by something else than a cookie.
func TestVisitorByContext(t *testing.T) {
	type userKey struct{}
	s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Visitor: func(r *http.Request) bool {
		return r.Context().Value(userKey{}) != nil
	}}, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "Hello, ", r.Context().Value(userKey{}))
	})
	inner := s.Handler
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user := r.Header.Get("X-User"); user != "" {
			r = r.WithContext(context.WithValue(r.Context(), userKey{}, user))
		}
		inner.ServeHTTP(w, r)
	})
	s.get("/")
	for _, who := range []string{"alice", "bob"} {
		resp := s.get("/", "X-User: "+who)
		wantStatus(t, resp, who, "uncache; fwd=request; detail=visitor")
		if got := body(t, resp); got != "Hello, "+who {
			t.Errorf("%s was given %q", who, got)
		}
	}
	wantStatus(t, s.get("/"), "a stranger", "uncache; hit")
}

// What a visitor is shown leaves as private, unless the handler said something
// about caching: also where the cache has no part in it.
func TestVisitorsPagesArePrivateDownstream(t *testing.T) {
	const own = "private, no-cache"
	for _, tt := range []struct {
		method, say, want string
		fields            []string
		transparent       bool
	}{
		{method: "GET", want: own},
		{method: "HEAD", want: own},
		{method: "GET", want: own, transparent: true},
		{method: "HEAD", want: own, transparent: true},
		{method: "GET", want: own, fields: []string{"Range: bytes=0-1"}},
		{method: "GET", want: own, fields: []string{"Range: bytes=0-1"}, transparent: true},
		{method: "GET", want: own, fields: []string{`If-None-Match: "1"`}},
		{method: "GET", want: own, fields: []string{`If-None-Match: "1"`}, transparent: true},
		{method: "GET", want: own, fields: []string{"If-Match: *"}},            // passes
		{method: "GET", want: own, fields: []string{"Connection: X-A"}},        // passes
		{method: "GET", want: own, fields: []string{"X-Skip: 1"}},              // passes
		{method: "GET", want: own, fields: []string{"Authorization: Basic x"}}, //
		{method: "GET", want: own, say: "Pragma:no-cache"},
		{method: "GET", want: own, say: "Cache-Control:"},
		{method: "GET", want: "no-transform, " + own, say: "Cache-Control:no-transform"},
		{method: "GET", want: own, say: "Cdn-Cache-Control:max-age=60"},
		{method: "GET", want: own, say: "Set-Cookie:a=b"},
		{method: "GET", want: "max-age=60", say: "Cache-Control:max-age=60"},
		{method: "GET", want: "no-store", say: "Cache-Control:no-store"},
		{method: "GET", want: "private", say: "Cache-Control:private"},
		{method: "GET", want: "", say: "Expires:Thu, 01 Jan 2099 00:00:00 GMT"},
		{method: "GET", want: "s-maxage=60, max-age=0, must-revalidate", say: "Cache-Control:s-maxage=60"},
		{method: "POST", want: ""},
	} {
		o := sessions()
		o.Proxy, o.Targeted = &pagecache.Proxy{Transparent: tt.transparent}, []string{"CDN-Cache-Control"}
		o.Skip = func(r *http.Request) bool { return r.Header.Get("X-Skip") != "" }
		s := newSite(t, nil, o, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"1"`)
			if r.Header.Get("If-None-Match") != "" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			greet(w, r)
		})
		for _, who := range []string{"session=alice", "theme=dark"} {
			resp := s.do(tt.method, "/?say="+url.QueryEscape(tt.say), append(tt.fields, "Cookie: "+who)...)
			got, visitor := strings.Join(resp.Header["Cache-Control"], "|"), who == "session=alice"
			if visitor && got != tt.want || !visitor && got == own {
				t.Errorf("%+v, Cookie %s: Cache-Control is %q with %s", tt, who, got, resp.Header.Get("Cache-Status"))
			}
		}
	}
}

// A handler that writes to the client's own ResponseWriter passes the recorder by,
// and a visitor's page leaves as private.
func TestVisitorsPageWrittenToTheUnwrappedWriter(t *testing.T) {
	s := newSite(t, nil, sessions(), func(w http.ResponseWriter, r *http.Request) {
		for {
			inner, ok := w.(interface{ Unwrap() http.ResponseWriter })
			if !ok {
				break
			}
			w = inner.Unwrap()
		}
		greet(w, r)
	})
	for who, want := range map[string]string{"session=alice": "private, no-cache", "theme=dark": ""} {
		if got := s.get("/", "Cookie: "+who).Header.Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control is %q, want %q", who, got, want)
		}
	}
}

// A visitor's unsafe request purges, as a stranger's does.
func TestVisitorsUnsafeRequestPurges(t *testing.T) {
	s := newSite(t, nil, sessions(), greet)
	s.get("/")
	s.do(http.MethodPost, "/", "Cookie: session=alice")
	wantStatus(t, s.get("/"), "after a visitor's POST", "uncache; fwd=miss; stored; detail=purged")
}

// A visitor's HEAD, or what a handler says to a visitor, takes nothing away from
// what is stored for others.
func TestVisitorsLeaveWhatIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := sessions()
		o.StaleIfError = time.Hour
		s := newSite(t, nil, o, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"1"`)
			switch c, _ := r.Cookie("session"); {
			case c != nil && c.Value == "banned":
				http.NotFound(w, r)
				return
			case r.Header.Get("If-None-Match") == `"1"`:
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("Cache-Control", "public")
			greet(w, r)
		})
		s.get("/", "Cookie: session=alice")
		time.Sleep(2 * time.Minute)
		for _, method := range []string{"HEAD", "GET"} {
			if resp := s.do(method, "/", "Cookie: session=banned"); resp.StatusCode != http.StatusNotFound {
				t.Errorf("%s: status %d, want 404", method, resp.StatusCode)
			}
		}
		wantStatus(t, s.get("/"), "after a visitor's 404", "uncache; fwd=stale; fwd-status=304; stored")
	})
}

// A page that is renewed in the background has no visitor's cookie in it, however
// that begins.
func TestBackgroundHasNoVisitor(t *testing.T) {
	for name, change := range map[string]func(*pagecache.Options){
		"StaleWhileRevalidate": func(o *pagecache.Options) { o.StaleWhileRevalidate = time.Hour },
		"EarlyRefresh":         func(o *pagecache.Options) { o.EarlyRefresh = 1000 },
		"Warm":                 func(o *pagecache.Options) { o.Warm = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := sessions()
				change(o)
				type serverKey struct{}
				s := newSite(t, nil, o, func(w http.ResponseWriter, r *http.Request) {
					if r.Context().Value(serverKey{}) == nil && len(r.Header["Cookie"]) > 0 {
						t.Errorf("rendered in the background with the Cookie %q", r.Header["Cookie"])
					}
					time.Sleep(time.Second)
					w.Header().Set("Cache-Control", "public")
					greet(w, r)
				})
				defer s.pages.Close()
				inner := s.Handler
				s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					inner.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), serverKey{}, true)))
				})
				for range 4 {
					for range 50 {
						s.get("/", "Cookie: session=alice")
						time.Sleep(2 * time.Second)
					}
					s.purge(cache.Path("/"))
					synctest.Wait()
					for range 50 {
						if got := body(t, s.get("/", "Cookie: session=bob")); got == "Hello, stranger" {
							t.Errorf("a visitor was given a stranger's page")
						}
						time.Sleep(2 * time.Second)
					}
				}
			})
		})
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

// A visitor is not given a range of what strangers have, nor what is stale, and the
// handler is not asked about what they have.
func TestSessionCookiesWithRangesAndStalePages(t *testing.T) {
	o := sessions()
	o.StaleWhileRevalidate, o.StaleIfError, o.Proxy = time.Hour, time.Hour, &pagecache.Proxy{AllETags: true}
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

// Nor is a part that is stored by itself. One that was public for a visitor is for
// all, and what it answers Authorization is RFC 9111 §3.5.
func TestPartsAndVisitors(t *testing.T) {
	for control, wants := range map[string][4]string{
		"max-age=60":         {"all", "bob", "bob", "all"},
		"max-age=60, public": {"all", "all", "bob", "bob"},
	} {
		o := sessions()
		o.Proxy = &pagecache.Proxy{Transparent: true}
		s := newSite(t, nil, o, func(w http.ResponseWriter, r *http.Request) {
			who := "all"
			if len(r.Header["Cookie"]) > 0 || len(r.Header["Authorization"]) > 0 {
				who = "bob"
			}
			w.Header().Set("Cache-Control", control)
			w.Header().Set("Etag", `"same"`)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/1000", len("Hello, ")+len(who)-1))
			w.WriteHeader(http.StatusPartialContent)
			fmt.Fprint(w, "Hello, ", who)
		})
		for i, field := range []string{"X: 1", "Authorization: Basic YTpi", "Cookie: session=bob", "X: 1"} {
			if got := body(t, s.get("/", "Range: bytes=0-9", field)); got != "Hello, "+wants[i] {
				t.Errorf("%s, %s: got %q, want %q", control, field, got, wants[i])
			}
		}
	}
}

func TestSessionCookiesAreValidated(t *testing.T) {
	for _, name := range []string{"", "a b", "session=", "a;b", "wordpress_logged_in_*", "ü"} {
		o := pagecache.Options{SessionCookies: []string{name}}
		wantOptionsError(t, o, "Options.SessionCookies")
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
	opts.Proxy = &pagecache.Proxy{ClientDirectives: true}
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

type signedInKey struct{}

// A handler may sign its visitor in, by a link in a mail for one. The page is that
// visitor's from then on, also if the session has no cookie of its own.
func TestVisitorSignedInWhileThePageIsMade(t *testing.T) {
	signIn := func(r *http.Request) { *r.Context().Value(signedInKey{}).(*string) = r.FormValue("token") }
	for what, tt := range map[string]struct {
		handler http.HandlerFunc
		words   string // that browsers and CDNs are told
		stored  bool
	}{
		"before the first byte": {handler: func(w http.ResponseWriter, r *http.Request) { signIn(r) }, words: "private, no-cache"},
		"after it":              {handler: func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<p>"); signIn(r) }, words: "private, no-cache"},
		"after a flush": {handler: func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "<p>")
			w.(http.Flusher).Flush()
			signIn(r)
		}, words: "no-cache"},
		"on a public page": {handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "public")
			signIn(r)
		}, words: "public, max-age=0, must-revalidate", stored: true},
		"never": {handler: func(w http.ResponseWriter, r *http.Request) {}, words: "no-cache", stored: true},
	} {
		t.Run(what, func(t *testing.T) {
			s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Visitor: func(r *http.Request) bool {
				return *r.Context().Value(signedInKey{}).(*string) != ""
			}}, func(w http.ResponseWriter, r *http.Request) {
				tt.handler(w, r)
				fmt.Fprint(w, "Hello, ", *r.Context().Value(signedInKey{}).(*string))
			})
			inner := s.Handler
			s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				inner.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), signedInKey{}, new(string))))
			})
			resp := s.get("/?token=alice")
			if got := resp.Header.Get("Cache-Control"); got != tt.words {
				t.Errorf("Cache-Control is %q, want %q", got, tt.words)
			}
			if hit := strings.Contains(s.get("/?token=alice").Header.Get("Cache-Status"), "; hit"); hit != tt.stored {
				t.Errorf("the next stranger has a hit: %v, want %v", hit, tt.stored)
			}
		})
	}
}

// Who waits for a page whose handler signs the first visitor in is not given it.
func TestVisitorSignedInWhileOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Visitor: func(r *http.Request) bool {
			return *r.Context().Value(signedInKey{}).(*string) != ""
		}}, func(w http.ResponseWriter, r *http.Request) {
			user := r.Context().Value(signedInKey{}).(*string)
			time.Sleep(50 * time.Millisecond)
			*user = r.Header.Get("X-User")
			fmt.Fprint(w, "Hello, ", *user)
		})
		inner := s.Handler
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			inner.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), signedInKey{}, new(string))))
		})
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				who := fmt.Sprint("user", i)
				if got := body(t, s.get("/", "X-User: "+who)); got != "Hello, "+who {
					t.Errorf("%s was given %q", who, got)
				}
			})
		}
		all.Wait()
	})
}

// Visitor is not asked about a page that is made in the background: nobody is there
// whom middleware could have put into the context.
func TestVisitorIsNotAskedInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil, &pagecache.Options{TTL: time.Second, StaleWhileRevalidate: time.Minute, Visitor: func(r *http.Request) bool {
			return *r.Context().Value(signedInKey{}).(*string) != "" // panics without middleware
		}}, greet)
		inner := s.Handler
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			inner.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), signedInKey{}, new(string))))
		})
		s.get("/")
		time.Sleep(2 * time.Second)
		wantStatus(t, s.get("/"), "while the next is made", "uncache; hit; ttl=-1")
		synctest.Wait()
		wantStatus(t, s.get("/"), "made in the background", "uncache; hit; ttl=1")
	})
}
