package pagecache_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

// A carelessPage is a page that shows its visitor's name, and whose handler and
// middleware take no care with caches. One tag is that of every visitor's page.
type carelessPage struct{ control, targeted, vary, tag, around, late string }

// said reports whether the handler itself says that the page is public.
func (p carelessPage) said(opts *pagecache.Options) bool {
	if len(opts.Targeted) > 0 && p.targeted != "" {
		return strings.Contains(p.targeted, "public")
	}
	return strings.Contains(p.control, "public")
}

// A carelessSite makes up such pages, options and requests.
type carelessSite struct {
	*rand.Rand
	mu    sync.Mutex
	dice  *rand.Rand // the handler's, under mu
	opts  *pagecache.Options
	pages map[string]carelessPage
}

type carelessUser struct{}

func (s *carelessSite) pick(from ...string) string { return from[s.IntN(len(from))] }

// throw is pick, for the handler.
func (s *carelessSite) throw(from ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return from[s.dice.IntN(len(from))]
}

func (s *carelessSite) seconds(from ...int) time.Duration {
	return time.Duration(from[s.IntN(len(from))]) * time.Second
}

func newCarelessSite(t *testing.T, seed uint64) *carelessSite {
	s := &carelessSite{Rand: rand.New(rand.NewPCG(seed, 5)), dice: rand.New(rand.NewPCG(seed, 6)), pages: make(map[string]carelessPage)}
	some := func() bool { return s.IntN(3) == 0 }
	k := &keys.Options{}
	if some() {
		k.Cookies = []string{"theme"}
	}
	if some() {
		k.Headers = []string{"Cookie"}
	}
	s.opts = &pagecache.Options{
		Keys: newKeys(t, k), TTL: s.seconds(0, 2, 60), StaleWhileRevalidate: s.seconds(0, 5, 100), StaleIfError: s.seconds(0, 100),
		EarlyRefresh: float64(s.IntN(2)), Warm: s.IntN(2), Proxy: &pagecache.Proxy{AllETags: some(), Transparent: some(), ClientDirectives: some(), StoreSetCookie: some(), Refresh: some()},
	}
	if some() {
		s.opts.Targeted = []string{"CDN-Cache-Control"}
	}
	if some() {
		s.opts.Visitor = func(r *http.Request) bool { return nameOfVisitor(r) != "" }
	} else {
		s.opts.SessionCookies = []string{"session", "__Host-session"}
	}
	for _, path := range []string{"/a", "/b"} {
		s.pages[path] = carelessPage{
			control:  s.pick("", "max-age=3", "s-maxage=3", "public", "public, max-age=3", "max-age=2, must-revalidate", "max-age=2, stale-while-revalidate=9", "no-cache", "private", `private="X-A"`),
			targeted: s.pick("", "", "max-age=5", "public, max-age=5"), vary: s.pick("", "Cookie", "Accept"), tag: s.pick("", `"same"`),
			around: s.pick("", "Vary: Cookie", "Cache-Control: public", "Cache-Control: s-maxage=60", "Cdn-Cache-Control: public, max-age=60"),
			late:   s.pick("", "Vary: Cookie", "Cache-Control: public", "Set-Cookie: t=1"),
		}
	}
	return s
}

// nameOfVisitor is the name of the visitor of r, or "".
func nameOfVisitor(r *http.Request) string {
	if name, ok := r.Context().Value(carelessUser{}).(string); ok {
		return name
	}
	for _, name := range []string{"session", "__Host-session"} {
		if c, err := r.Cookie(name); err == nil {
			return c.Value
		}
	}
	return ""
}

func (s *carelessSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := s.pages[r.URL.Path]
	time.Sleep(time.Duration(len(s.throw("", "a", "aaaaaaaaa"))) * 30 * time.Millisecond)
	for name, value := range map[string]string{"Cache-Control": p.control, "Cdn-Cache-Control": p.targeted, "Etag": p.tag} {
		if value != "" {
			w.Header().Set(name, value)
		}
	}
	if p.vary != "" {
		w.Header().Add("Vary", p.vary)
	}
	text := fmt.Sprintf("%v for [%s]", p.said(s.opts), nameOfVisitor(r))
	switch {
	case p.tag != "" && r.Header.Get("If-None-Match") == p.tag:
		w.WriteHeader(http.StatusNotModified)
		return
	case s.throw("", "", "", "error") != "":
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.Header.Get("Range") != "":
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
		return
	}
	_, _ = io.WriteString(w, text[:2])
	if s.throw("", "", "flush") != "" {
		w.(http.Flusher).Flush()
	}
	_, _ = io.WriteString(w, text[2:])
}

// request is one of a stranger, or of one of two visitors.
func (s *carelessSite) request() (r *http.Request, who string) {
	who = s.pick("", "", "alice", "bob")
	r = httptest.NewRequest(s.pick("GET", "GET", "GET", "HEAD"), s.pick("/a", "/b"), nil)
	cookies := []string{"theme=" + s.pick("dark", "light"), "_ga=" + s.pick("1", "2")}[s.IntN(3)%2:]
	switch {
	case s.opts.Visitor != nil:
		r = r.WithContext(context.WithValue(r.Context(), carelessUser{}, who))
	case who != "":
		cookies = append(cookies, s.pick("session=", "__Host-session=")+who)
	}
	s.Shuffle(len(cookies), func(i, j int) { cookies[i], cookies[j] = cookies[j], cookies[i] })
	r.Header.Set("Cookie", strings.Join(cookies, "; "))
	if name, value, ok := strings.Cut(s.pick("", "", "", "Range: bytes=0-50", `If-None-Match: "same"`, "Accept: a", "Cache-Control: max-stale", "Cache-Control: no-cache"), ": "); ok {
		r.Header.Set(name, value)
	}
	return r, who
}

// Whatever the handler, the middleware around it and the options say, nobody is
// shown what was made for a visitor, unless its handler said that it is public; and
// no visitor is shown what was made for a stranger.
func TestNobodyIsShownAVisitorsPage(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			s := newCarelessSite(t, seed)
			m := memory.New(nil)
			defer m.Close()
			store, err := coherent.New([]cache.Backend{m, far{m}}[seed%2], nil)
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			pages, err := pagecache.New(store, s.opts)
			if err != nil {
				t.Fatal(err)
			}
			defer pages.Close()
			cached := pages.Handler(s)
			var all sync.WaitGroup
			for range 40 {
				r, who := s.request()
				if s.IntN(10) == 0 {
					e := cache.Event{Soft: s.IntN(2) == 0, Dependencies: []cache.Dependency{cache.Path(r.URL.Path)}}
					if err := pages.Purge(t.Context(), e); err != nil {
						t.Fatal(err)
					}
				}
				all.Go(func() {
					w := httptest.NewRecorder()
					add := func(h http.Header, field string) {
						if name, value, ok := strings.Cut(field, ": "); ok {
							h.Add(name, value)
						}
					}
					add(w.Header(), s.pages[r.URL.Path].around)
					cached.ServeHTTP(&lateWriter{w, func(h http.Header) { add(h, s.pages[r.URL.Path].late) }}, r)
					public, made, _ := strings.Cut(w.Body.String(), " for ")
					if made = strings.Trim(made, "[]"); w.Body.Len() > 0 && made != who && (made == "" || public != "true") {
						t.Errorf("seed %d: %q was shown %q (%s) by %s %v\n%+v\n%+v", seed, who, w.Body, w.Header().Get("Cache-Status"), r.Method, r.Header, s.pages[r.URL.Path], s.opts)
					}
				})
				time.Sleep(s.seconds(0, 0, 1, 3))
			}
			all.Wait()
		})
	}
}
