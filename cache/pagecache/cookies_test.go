package pagecache_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
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

func counting(t *testing.T, cookies ...string) *pagecache.Options {
	if cookies == nil {
		cookies = []string{}
	}
	return &pagecache.Options{
		TTL: time.Minute, SessionCookies: []string{"session"},
		Keys: newKeys(t, &keys.Options{Cookies: cookies}),
	}
}

// showCookies varies by Cookie, and shows what it was given.
func showCookies(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Cookie")
	fmt.Fprintf(w, "%q", r.Header["Cookie"])
}

// Fifty visitors with an analytics cookie are given one page.
func TestAnalyticsCookiesMakeNoVariants(t *testing.T) {
	for _, b := range []cache.Backend{nil, far{memory.New(nil)}} {
		for _, around := range []bool{false, true} { // a session library varies by Cookie around the cache
			s := newSite(t, b, counting(t, "theme"), func(w http.ResponseWriter, r *http.Request) {
				if around {
					fmt.Fprintf(w, "%q", r.Header["Cookie"])
					return
				}
				showCookies(w, r)
			})
			inner := s.Handler
			s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if around {
					w.Header().Set("Vary", "Cookie")
				}
				inner.ServeHTTP(w, r)
			})
			s.purge(cache.All)
			for i := range 50 {
				for _, cookie := range []string{"_ga=%d", "_ga=%d; theme=dark", "a=1; theme=dark;_ga=%d", "theme=light; _ga=%d"} {
					got := body(t, s.get("/", "Cookie: "+fmt.Sprintf(cookie, i)))
					want := "[]"
					if theme := strings.SplitAfter(cookie, "theme="); len(theme) > 1 {
						name, _, _ := strings.Cut(theme[1], ";")
						want = `["theme=` + name + `"]`
					}
					if got != want {
						t.Errorf("%s: the handler was given %s, want %s", cookie, got, want)
					}
				}
			}
			if n := s.rendered(); n != 3 {
				t.Errorf("%d renderings, want 3", n)
			}
		}
	}
}

// Strangers with other analytics cookies wait for one another.
func TestAnalyticsCookiesAndCollapsing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		s := newSite(t, nil, counting(t), func(w http.ResponseWriter, r *http.Request) {
			<-goOn
			showCookies(w, r)
		})
		var fields []string
		for i := range 20 {
			fields = append(fields, fmt.Sprint("Cookie: _ga=", i))
		}
		for i, resp := range together(t, s, goOn, fields...) {
			if got := body(t, resp); got != "[]" {
				t.Errorf("visitor %d was given %s", i, got)
			}
		}
		if n := s.rendered(); n != 1 {
			t.Errorf("%d renderings, want 1", n)
		}
	})
}

// Session cookies are never cut. What Options.Visitor knows visitors by is not
// known, so nothing is cut for them. What passes, and what may change something,
// sees everything.
func TestVisitorsGetAllCookies(t *testing.T) {
	const sent = "theme=dark; x=1; session=alice; _ga=1"
	for _, tt := range []struct {
		name, method, cookie, want string
		fields                     []string
		change                     func(*pagecache.Options)
	}{
		{name: "a stranger", cookie: "x=1; theme=dark", want: "theme=dark"},
		{name: "session", cookie: sent, want: "session=alice; theme=dark"},
		{name: "session behind a comma", cookie: "x=1, session=alice; _ga=1", want: "x=1, session=alice"},
		{name: "by func", cookie: sent, want: sent, change: func(o *pagecache.Options) {
			o.SessionCookies, o.Visitor = nil, byCookie
		}},
		{name: "by both", cookie: sent, want: sent, change: func(o *pagecache.Options) { o.Visitor = byCookie }},
		{name: "by func, and no visitor", cookie: "x=1; theme=dark", want: "theme=dark", change: func(o *pagecache.Options) { o.Visitor = byCookie }},
		{name: "all count", cookie: sent, want: sent, change: func(o *pagecache.Options) { o.Keys = nil }},
		{name: "POST", method: "POST", cookie: sent, want: sent},
		{name: "HEAD", method: "HEAD", cookie: sent, want: sent},
		{name: "OPTIONS", method: "OPTIONS", cookie: sent, want: sent},
		{name: "Skip", cookie: sent, want: sent, change: func(o *pagecache.Options) {
			o.Skip = func(*http.Request) bool { return true }
		}},
		{name: "Range", cookie: sent, want: sent, fields: []string{"Range: bytes=0-1"}},
		{name: "Range of a proxy", cookie: "x=1; theme=dark", want: "theme=dark", fields: []string{"Range: bytes=0-1"}, change: func(o *pagecache.Options) { o.Proxy = &pagecache.Proxy{Transparent: true} }},
		{name: "precondition", cookie: sent, want: sent, fields: []string{"If-Match: *"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := counting(t, "theme")
			if tt.change != nil {
				tt.change(o)
			}
			method, got := tt.method, ""
			if method == "" {
				method = "GET"
			}
			s := newSite(t, nil, o, func(w http.ResponseWriter, r *http.Request) {
				got = strings.Join(r.Header["Cookie"], "|")
				w.Header().Set("Vary", "Cookie")
				_, _ = io.WriteString(w, "page")
			})
			s.do(method, "/", append(tt.fields, "Cookie: "+tt.cookie)...)
			if got != tt.want {
				t.Errorf("%s, Cookie: %s: the handler was given %q, want %q", method, tt.cookie, got, tt.want)
			}
		})
	}
}

// A public page of a visitor whom Options.Visitor knows has all cookies in its key,
// since it may show any of them.
func TestVisitorByFuncAndCookies(t *testing.T) {
	o := counting(t)
	o.SessionCookies, o.Visitor = nil, byCookie
	s := newSite(t, nil, o, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public")
		showCookies(w, r)
	})
	for _, cookie := range []string{"session=alice; _ga=1", "session=alice; _ga=2", "session=alice; _ga=1", "_ga=1", "_ga=2"} {
		want := fmt.Sprintf("%q", []string{cookie})
		if !strings.Contains(cookie, "session") {
			want = "[]"
		}
		if got := body(t, s.get("/", "Cookie: "+cookie)); got != want {
			t.Errorf("%s was given the page of %s", cookie, got)
		}
	}
	if n := s.rendered(); n != 3 {
		t.Errorf("%d renderings, want 3", n)
	}
}

// A refresh in the background is given what a visitor's fill is given.
func TestCookiesInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := counting(t, "theme")
		o.StaleWhileRevalidate = time.Hour
		var mu sync.Mutex
		var given []string
		s := newSite(t, nil, o, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			given = append(given, r.Header.Get("Cookie"))
			mu.Unlock()
			showCookies(w, r)
		})
		defer s.pages.Close()
		s.get("/", "Cookie: _ga=1; theme=dark")
		time.Sleep(2 * time.Minute)
		s.get("/", "Cookie: _ga=2; theme=dark")
		synctest.Wait()
		wantStatus(t, s.get("/", "Cookie: theme=dark"), "after the refresh", "uncache; hit")
		if want := []string{"theme=dark", "theme=dark"}; !slices.Equal(given, want) {
			t.Errorf("the handler was given %q, want %q", given, want)
		}
	})
}

// A fill that sets a cookie which it was not given takes every visitor for a new
// one. Observe is told once.
func TestRotatedCookieIsTold(t *testing.T) {
	for _, tt := range []struct {
		name, cookie string
		inner, outer string // Set-Cookie
		cookies      []string
		told         bool
	}{
		{"handler", "id=1", "id=2", "", []string{}, true},
		{"around", "id=1", "", "id=2; Path=/", []string{}, true},
		{"deleted", "id=1", "id=; Max-Age=0", "", []string{}, true},
		{"the same value around", "id=1", "", "id=1; Max-Age=60", []string{}, false},
		{"a first visit", "", "id=2", "", []string{}, false},
		{"another cookie", "id=1", "x=2", "", []string{}, false},
		{"it counts", "id=1", "id=2", "", []string{"id"}, false},
		{"all count", "id=1", "id=2", "", nil, false},
		{"session", "session=1", "session=2", "", []string{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := counting(t, tt.cookies...)
			if tt.cookies == nil {
				o.Keys = nil
			}
			var details []string
			o.Observe = func(_ *http.Request, obs pagecache.Observation) {
				if strings.Contains(obs.Detail, "keys.Options.Cookies") {
					details = append(details, obs.Detail)
				}
			}
			s := newSite(t, nil, o, func(w http.ResponseWriter, r *http.Request) {
				if tt.inner != "" {
					w.Header().Add("Set-Cookie", tt.inner)
				}
			})
			inner := s.Handler
			s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if tt.outer != "" {
					w.Header().Add("Set-Cookie", tt.outer)
				}
				inner.ServeHTTP(w, r)
			})
			for i := range 5 {
				s.get(fmt.Sprint("/", i), "Cookie: "+tt.cookie)
			}
			if told := len(details) == 1 && strings.Contains(details[0], ": id"); told != tt.told || len(details) > 1 {
				t.Errorf("told %q, want to be told once: %v", details, tt.told)
			}
		})
	}
}

// Where Cookie is in every key, a page is warmed whose fill was given no cookie.
func TestWarmingAPageWithoutCookiesThatCount(t *testing.T) {
	for cookie, want := range map[string]string{"_ga=1": "uncache; hit", "_ga=1; theme=dark": "uncache; fwd=miss"} {
		synctest.Test(t, func(t *testing.T) {
			o := counting(t)
			o.Keys = newKeys(t, &keys.Options{Cookies: []string{"theme"}, Headers: []string{"Cookie"}})
			o.Warm = 1
			s := newSite(t, nil, o, showCookies)
			defer s.pages.Close()
			s.get("/", "Cookie: "+cookie)
			s.purge(cache.Path("/"))
			synctest.Wait()
			wantStatus(t, s.get("/", "Cookie: "+cookie), cookie, want)
		})
	}
}
