package pagecache_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
)

// Nobody waits for a response that will be of no use to them: a stream, a download, a
// private page. It may go on for hours.
func TestNobodyWaitsForAStream(t *testing.T) {
	for name, begin := range map[string]func(w http.ResponseWriter){
		"not to be stored": func(w http.ResponseWriter) { w.Header().Set("Cache-Control", "no-cache"); w.WriteHeader(200) },
		"server-sent events": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			w.(http.Flusher).Flush()
		},
		"pictures one after another": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=x")
			_, _ = io.WriteString(w, "--x")
		},
		"too large": func(w http.ResponseWriter) { _, _ = io.WriteString(w, strings.Repeat("x", 1001)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				end := make(chan struct{})
				var begun atomic.Int64
				s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, MaxBody: 1000}, func(w http.ResponseWriter, _ *http.Request) {
					begin(w)
					begun.Add(1)
					<-end
				})
				for range 3 {
					go s.get("/")
				}
				synctest.Wait()
				if n := begun.Load(); n != 3 {
					t.Errorf("of 3 visitors %d got the beginning", n)
				}
				close(end)
			})
		})
	}
}

// A client that reads slowly holds up nobody else: the page is stored before it is sent.
func TestSlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		page := strings.Repeat("x", 500_000)
		s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) })
		slow := &slowWriter{ResponseRecorder: httptest.NewRecorder(), goOn: make(chan struct{})}
		go s.ServeHTTP(slow, httptest.NewRequest("GET", "/", nil))
		synctest.Wait()
		wantStatus(t, s.get("/"), "while the first client reads", "uncache; hit")
		close(slow.goOn)
		synctest.Wait()
		if slow.Body.Len() != len(page) {
			t.Errorf("the slow client got %d bytes", slow.Body.Len())
		}
	})
}

type slowWriter struct {
	*httptest.ResponseRecorder
	goOn chan struct{}
}

func (w *slowWriter) Write(b []byte) (int, error) {
	<-w.goOn
	return w.ResponseRecorder.Write(b)
}

// Requests that wait and give up do not all ask the handler at the moment when it
// is slowest: one more does after 200 ms, and one after 600.
func TestGivingUpIsNoStampede(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		s := newSite(t, nil, nil, func(http.ResponseWriter, *http.Request) { <-end })
		go s.get("/")
		synctest.Wait()
		var wg sync.WaitGroup
		var gaveUp atomic.Int64
		for range 50 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				w := httptest.NewRecorder()
				s.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
				if w.Code == http.StatusServiceUnavailable {
					gaveUp.Add(1)
				}
			})
		}
		time.Sleep(2 * time.Second)
		if n := s.rendered(); n != 3 {
			t.Errorf("%d renderings, want 3", n)
		}
		if n := gaveUp.Load(); n != 48 {
			t.Errorf("%d requests were answered 503 when their time was up, want 48", n)
		}
		close(end)
		wg.Wait()
	})
}

// A request whose response must not be stored leads nobody.
func TestNoStoreLeadsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil, nil, func(http.ResponseWriter, *http.Request) { time.Sleep(time.Second) })
		for range 4 {
			go s.get("/", "Cache-Control: no-store")
		}
		synctest.Wait()
		start := time.Now()
		s.get("/")
		if d := time.Since(start); d != time.Second {
			t.Errorf("a visitor waited for %v, want the 1s that his page takes", d)
		}
		synctest.Wait()
	})
}

// A panic of Observe breaks neither the page nor the requests that wait for it.
func TestPanickingObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, Observe: func(*http.Request, pagecache.Observation) {
			if first {
				first = false
				panic("label")
			}
		}}, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
		func() {
			defer func() { _ = recover() }()
			s.get("/")
		}()
		if got := body(t, s.get("/")); got != "page" {
			t.Errorf("the next visitor got %q", got)
		}
	})
}

// A cache inside of a cache leaves the work, and the dependencies, to the outer
// one; and one Cache that wraps a handler twice does not wait for itself.
func TestNested(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {})
	text := "one"
	inner := s.pages.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pagecache.AddGroups(r.Context(), "fragment")
		_, _ = io.WriteString(w, text)
	}))
	s.Handler = s.pages.Handler(inner)
	if got := body(t, s.get("/")); got != "one" {
		t.Fatalf("got %q", got)
	}
	text = "two"
	s.purge("group:fragment")
	if got := body(t, s.get("/")); got != "two" {
		t.Errorf("after the purge of the inner page's group: %q", got)
	}
}
