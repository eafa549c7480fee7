package pagecache_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
)

// A lateWriter is the ResponseWriter of middleware that changes the header when
// it is written, as session libraries do.
type lateWriter struct {
	http.ResponseWriter
	late func(h http.Header)
}

func (w *lateWriter) WriteHeader(code int) {
	if late := w.late; late != nil && code >= 200 {
		w.late = nil
		late(w.Header())
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *lateWriter) Write(b []byte) (int, error) {
	if w.late != nil {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

func (w *lateWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// setsLate puts middleware around s that changes the header late.
func (s *site) setsLate(late func(r *http.Request, h http.Header)) {
	inner := s.Handler
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(&lateWriter{w, func(h http.Header) { late(r, h) }}, r)
	})
}

// answers are the ways in which a handler writes its page.
var answers = map[string]func(w http.ResponseWriter, page string){
	"written":        func(w http.ResponseWriter, page string) { _, _ = io.WriteString(w, page) },
	"with a status":  func(w http.ResponseWriter, page string) { w.WriteHeader(200); _, _ = io.WriteString(w, page) },
	"without a body": func(w http.ResponseWriter, page string) { w.Header().Set("X-Page", page) },
	"another status": func(w http.ResponseWriter, page string) { w.WriteHeader(404); _, _ = io.WriteString(w, page) },
	"from a reader": func(w http.ResponseWriter, page string) {
		_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader(page)})
	},
	"flushed at first": func(w http.ResponseWriter, page string) { w.(http.Flusher).Flush(); _, _ = io.WriteString(w, page) },
	"flushed in between": func(w http.ResponseWriter, page string) {
		_, _ = io.WriteString(w, page[:1])
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, page[1:])
	},
	"flushed at the end": func(w http.ResponseWriter, page string) { _, _ = io.WriteString(w, page); w.(http.Flusher).Flush() },
}

// A page whose visitor is given a cookie while the header is written is that
// visitor's: it may show the token that the cookie stands for.
func TestCookieGivenWhileTheHeaderIsWritten(t *testing.T) {
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			var broken []string
			n := 0
			s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Observe: func(_ *http.Request, o pagecache.Observation) {
				if errors.Is(o.Err, pagecache.ErrNotStored) {
					broken = append(broken, o.Detail)
				}
			}}, func(w http.ResponseWriter, _ *http.Request) {
				n++
				answer(w, fmt.Sprint("token ", n))
			})
			s.setsLate(func(_ *http.Request, h http.Header) { h.Add("Set-Cookie", fmt.Sprint("session=", n)) })
			for i := range 3 {
				resp := s.get("/")
				if got := body(t, resp) + resp.Header.Get("X-Page"); got != fmt.Sprint("token ", i+1) {
					t.Errorf("visitor %d got %q", i+1, got)
				}
				if promised := strings.Contains(resp.Header.Get("Cache-Status"), "; stored"); promised != (len(broken) == i+1) || promised && broken[i] != "set-cookie" {
					t.Errorf("Cache-Status is %q, and Observe was told %q", resp.Header.Get("Cache-Status"), broken)
				}
			}
		})
	}
}

// What is given late says different things about the page.
func TestHeaderChangedWhileItIsWritten(t *testing.T) {
	for _, tt := range []struct {
		name   string
		late   func(r *http.Request, h http.Header)
		opts   pagecache.Options
		fields []string // of the second visitor
		after  time.Duration
		hit    bool
	}{
		{name: "nothing", late: func(*http.Request, http.Header) {}, hit: true},
		{name: "a field of its own", late: func(_ *http.Request, h http.Header) { h.Set("X-Request-Id", "1") }, hit: true},
		{name: "a cookie taken back that the visitor does not have",
			late: func(_ *http.Request, h http.Header) { h.Add("Set-Cookie", "flash=; Max-Age=0") }, hit: true},
		{name: "a cookie taken back that the visitor came with", fields: []string{"Cookie: flash=saved"},
			late: func(r *http.Request, h http.Header) {
				if len(r.CookiesNamed("flash")) > 0 {
					h.Add("Set-Cookie", "flash=; Max-Age=0")
				}
			}, hit: true}, // the page was stored before
		{name: "a malformed cookie", late: func(_ *http.Request, h http.Header) { h.Add("Set-Cookie", "=;") }},
		{name: "the operator knows about cookies", opts: pagecache.Options{Proxy: &pagecache.Proxy{StoreSetCookie: true}},
			late: func(_ *http.Request, h http.Header) { h.Add("Set-Cookie", "a=b") }, hit: true},
		{name: "no-store", late: func(_ *http.Request, h http.Header) { h.Set("Cache-Control", "no-store") }},
		{name: "private", late: func(_ *http.Request, h http.Header) { h.Add("Cache-Control", "private") }},
		{name: "a targeted field", opts: pagecache.Options{Targeted: []string{"CDN-Cache-Control"}},
			late: func(_ *http.Request, h http.Header) { h.Set("CDN-Cache-Control", "no-store") }},
		{name: "Vary: *", late: func(_ *http.Request, h http.Header) { h.Set("Vary", "*") }},
		{name: "Vary by what differs", fields: []string{"Accept-Language: de"},
			late: func(_ *http.Request, h http.Header) { h.Add("Vary", "Accept-Language") }},
		{name: "Vary by what is the same",
			late: func(_ *http.Request, h http.Header) { h.Add("Vary", "Accept-Language") }, hit: true},
		{name: "a shorter lifetime", after: 10 * time.Second,
			late: func(_ *http.Request, h http.Header) { h.Set("Cache-Control", "max-age=5") }},
		{name: "a longer lifetime", after: 2 * time.Minute,
			late: func(_ *http.Request, h http.Header) { h.Set("Cache-Control", "max-age=5000") }},
		{name: "a field that is not in the page",
			late: func(_ *http.Request, h http.Header) { h.Add("Cache-Control", `no-cache="Set-Cookie"`) }, hit: true},
		{name: "a field that must not be stored",
			late: func(_ *http.Request, h http.Header) { h.Set("Cache-Control", `private="X-Page"`) }},
	} {
		for how, answer := range map[string]func(http.ResponseWriter, string){"held back": answers["written"], "flushed": answers["flushed in between"]} {
			t.Run(tt.name+" "+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := tt.opts
					o.TTL = time.Minute
					s := newSite(t, nil, &o, func(w http.ResponseWriter, _ *http.Request) { answer(w, "page") })
					s.setsLate(tt.late)
					s.get("/")
					time.Sleep(tt.after)
					resp := s.get("/", tt.fields...)
					if got := strings.Contains(resp.Header.Get("Cache-Status"), "hit"); got != tt.hit {
						t.Errorf("the second visitor: Cache-Status is %q, want a hit: %v", resp.Header.Get("Cache-Status"), tt.hit)
					}
				})
			})
		}
	}
}

// The rule holds for what confirms a stored response, too: it would be stored for
// longer by what one visitor was told.
func TestCookieGivenWithA304(t *testing.T) {
	for _, method := range []string{"GET", "HEAD"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, KeepStale: time.Hour}, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Etag", `"v1"`)
					if r.Header.Get("If-None-Match") == `"v1"` {
						w.WriteHeader(http.StatusNotModified)
						return
					}
					_, _ = io.WriteString(w, "page")
				})
				s.get("/")
				s.setsLate(func(r *http.Request, h http.Header) { h.Add("Set-Cookie", "a=b") })
				time.Sleep(2 * time.Minute)
				s.rendered()
				for range 2 {
					s.do(method, "/")
				}
				if n := s.rendered(); n != 2 {
					t.Errorf("the handler was asked %d times, want 2", n)
				}
			})
		})
	}
}

// Requests that wait are not given a page before it is known to be for them.
func TestWaitingRequestsGetNothingBeforeTheLook(t *testing.T) {
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				goOn := make(chan struct{})
				s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
					<-goOn
					answer(w, r.Header.Get("X-Visitor"))
				})
				s.setsLate(func(r *http.Request, h http.Header) { h.Add("Set-Cookie", "session="+r.Header.Get("X-Visitor")) })
				var fields []string
				for i := range 10 {
					fields = append(fields, fmt.Sprint("X-Visitor: visitor ", i))
				}
				for i, resp := range together(t, s, goOn, fields...) {
					if got := body(t, resp) + resp.Header.Get("X-Page"); "X-Visitor: "+got != fields[i] {
						t.Errorf("%s got the page of %q", fields[i], got)
					}
				}
			})
		})
	}
}

// When the header is written nothing is stored yet; when the body is, the page is.
func TestStoredBetweenHeaderAndBody(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
	cached, first := s.Handler, true
	status := func() string {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cache-Control", "no-store") // does not wait
		cached.ServeHTTP(w, r)
		return w.Header().Get("Cache-Status")
	}
	s.setsLate(func(_ *http.Request, h http.Header) {
		if first {
			first = false
			if got := status(); strings.Contains(got, "hit") {
				t.Errorf("while the header is written: %s", got)
			}
		}
	})
	w := &onWrite{ResponseRecorder: httptest.NewRecorder(), do: func() {
		if got := status(); !strings.Contains(got, "hit") {
			t.Errorf("while the body is written: %s", got)
		}
	}}
	s.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Body.String() != "page" {
		t.Errorf("got %q", w.Body)
	}
}

type onWrite struct {
	*httptest.ResponseRecorder
	do func()
}

func (w *onWrite) Write(b []byte) (int, error) {
	w.do()
	return w.ResponseRecorder.Write(b)
}

// A request that gives up while the header is written leaves nothing behind, and nobody
// waiting.
func TestPanicWhileTheHeaderIsWritten(t *testing.T) {
	for _, with := range []any{http.ErrAbortHandler, "a bug"} {
		for name, answer := range answers {
			t.Run(fmt.Sprint(with, " ", name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					goOn := make(chan struct{})
					s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
						<-goOn
						answer(w, r.Header.Get("X-Visitor"))
					})
					s.setsLate(func(r *http.Request, h http.Header) {
						if r.Header.Get("X-Visitor") == "first" {
							panic(with)
						}
					})
					var all sync.WaitGroup
					all.Go(func() {
						defer func() {
							if p := recover(); p != with {
								t.Errorf("the panic that came out is %v", p)
							}
						}()
						s.get("/", "X-Visitor: first")
					})
					synctest.Wait()
					for _, resp := range together(t, s, goOn, "X-Visitor: second", "X-Visitor: second") {
						if got := body(t, resp) + resp.Header.Get("X-Page"); got != "second" {
							t.Errorf("a visitor who waited got %q", got)
						}
					}
					all.Wait()
				})
			})
		}
	}
}
