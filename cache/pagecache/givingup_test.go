package pagecache_test

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// failures are the ways in which a handler shows, behind the first bytes of its
// page, that the rest is not coming.
var failures = map[string]func(w http.ResponseWriter){
	"a template that fails": func(w http.ResponseWriter) {
		if err := template.Must(template.New("").Parse(`<p>{{.Missing.Method}}`)).Execute(w, struct{}{}); err != nil {
			http.Error(w, "oops", 500)
		}
	},
	"another status":                     func(w http.ResponseWriter) { w.WriteHeader(404) },
	"another status and no more":         func(w http.ResponseWriter) { w.WriteHeader(http.StatusSwitchingProtocols) },
	"http.Error with the status it gave": func(w http.ResponseWriter) { http.Error(w, "oops", 200) },
	"a redirect":                         func(w http.ResponseWriter) { w.Header().Set("Location", "/login"); w.WriteHeader(302) },
	"more than Content-Length":           func(w http.ResponseWriter) { _, _ = io.WriteString(w, strings.Repeat("x", 20)) },
	"a source that fails":                func(w http.ResponseWriter) { _, _ = io.Copy(w, iotest.ErrReader(errors.New("upstream"))) },
	"a source that fails after some bytes": func(w http.ResponseWriter) {
		_, _ = io.Copy(w, io.MultiReader(strings.NewReader("ab"), iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("cdef")))))
	},
	"a panic recovered inside": func(w http.ResponseWriter) {
		defer func() { _ = recover(); w.WriteHeader(500) }()
		panic("a bug")
	},
}

// What a handler has begun, and then given up, is neither stored nor given to the
// requests that wait. Its visitor gets what a handler without a cache would send.
func TestHandlerGivesUpHalfWay(t *testing.T) {
	for name, fail := range failures {
		for how, begin := range map[string]func(w http.ResponseWriter){
			"":                           func(w http.ResponseWriter) { _, _ = io.WriteString(w, "half of ") },
			" after its status":          func(w http.ResponseWriter) { w.WriteHeader(200); _, _ = io.WriteString(w, "half of ") },
			" after a flush":             func(w http.ResponseWriter) { _, _ = io.WriteString(w, "half of "); w.(http.Flusher).Flush() },
			" of what may become a 304":  func(w http.ResponseWriter) { w.Header().Set("Etag", `"v1"`); _, _ = io.WriteString(w, "half of ") },
			" with nothing but a status": func(w http.ResponseWriter) { w.WriteHeader(200) },
		} {
			t.Run(name+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					failing := true
					handler := func(w http.ResponseWriter, _ *http.Request) {
						if name == "more than Content-Length" {
							w.Header().Set("Content-Length", "8")
						}
						if !failing {
							w.Header().Set("Content-Length", "4")
							_, _ = io.WriteString(w, "page")
							return
						}
						begin(w)
						fail(w)
					}
					s := newSite(t, nil, nil, handler)
					resp := s.get("/", `If-None-Match: "v1"`)
					if resp.StatusCode != 200 {
						t.Errorf("the visitor got %d", resp.StatusCode)
					}
					if how != " with nothing but a status" && !strings.HasPrefix(body(t, resp), "half of ") {
						t.Errorf("the visitor did not get what was written")
					}
					if got := resp.Header.Get("Cache-Status"); strings.Contains(got, "stored") {
						t.Errorf("Cache-Status is %q", got)
					}
					failing = false
					if got := body(t, s.get("/")); got != "page" {
						t.Errorf("the next visitor got %q", got)
					}
				})
			})
		}
	}
}

// A status that is given twice is a habit, and no failure.
func TestSameStatusTwice(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		_, _ = io.WriteString(w, "page")
		w.Header().Set("Content-Type", "application/json") // as helpers do that answer with JSON
		w.WriteHeader(200)
		w.WriteHeader(http.StatusEarlyHints)
	})
	s.get("/")
	wantStatus(t, s.get("/"), "the second time", "uncache; hit")
}

// A 304 that is followed by an error confirms nothing.
func TestErrorAfterA304(t *testing.T) {
	for _, method := range []string{"GET", "HEAD"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fails := false
				s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Etag", `"v1"`)
					if fails && r.Header.Get("If-None-Match") != "" {
						w.WriteHeader(http.StatusNotModified)
						http.Error(w, "oops", 500)
						return
					}
					if fails && method == "HEAD" {
						w.WriteHeader(200)
						w.WriteHeader(500)
						return
					}
					_, _ = fmt.Fprint(w, "page ", fails)
				})
				s.get("/")
				time.Sleep(2 * time.Minute)
				fails = true
				resp := s.do(method, "/")
				if got := body(t, resp); method == "GET" && got != "page true" {
					t.Errorf("got %q, want the page that was made anew", got)
				}
				if method == "HEAD" {
					wantStatus(t, s.get("/"), "after it", "uncache; fwd=stale")
				}
			})
		})
	}
}

// Requests that wait for a page are let go when its handler gives up, though it
// may go on for long.
func TestGivingUpLetsWaitingRequestsGo(t *testing.T) {
	for name, fail := range failures {
		if name == "more than Content-Length" {
			continue // refused by Write, which this handler does not notice
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				goOn := make(chan struct{})
				first := true
				s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
					if !first {
						_, _ = io.WriteString(w, "page")
						return
					}
					first = false
					_, _ = io.WriteString(w, "half of ")
					<-goOn
					fail(w)
					time.Sleep(time.Hour)
				})
				go s.get("/")
				synctest.Wait()
				start := time.Now()
				for _, resp := range together(t, s, goOn, "A: 1", "A: 2") {
					if got := body(t, resp); got != "page" {
						t.Errorf("got %q", got)
					}
				}
				if d := time.Since(start); d > time.Second {
					t.Errorf("they waited for %v", d)
				}
				time.Sleep(time.Hour)
			})
		})
	}
}
