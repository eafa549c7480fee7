package pagecache_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
)

// All the requests that come while one page renders, and what they get.
func together(t *testing.T, s *site, goOn chan struct{}, fields ...string) []*http.Response {
	t.Helper()
	got := make([]*http.Response, len(fields))
	var wg sync.WaitGroup
	for i := range fields {
		wg.Go(func() { got[i] = s.get("/", fields[i]) })
	}
	synctest.Wait()
	close(goOn)
	wg.Wait()
	return got
}

// RFC 9111 §4: concurrent identical requests are answered by one.
func TestCollapse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
			<-goOn
			w.Header().Set("Vary", "Accept-Language")
			_, _ = io.WriteString(w, r.Header.Get("Accept-Language"))
		})
		var fields []string
		for i := range 60 {
			fields = append(fields, "Accept-Language: "+[]string{"de", "en", "fr"}[i%3])
		}
		collapsed := 0
		for i, resp := range together(t, s, goOn, fields...) {
			if got := body(t, resp); "Accept-Language: "+got != fields[i] {
				t.Errorf("%s got the page for %s", fields[i], got)
			}
			if strings.Contains(resp.Header.Get("Cache-Status"), "; collapsed") {
				collapsed++
			}
		}
		if n := s.rendered(); n != 3 {
			t.Errorf("60 requests for 3 variants: %d renderings", n)
		}
		if collapsed == 0 {
			t.Error("no response says that it was collapsed")
		}
	})
}

// A response that is one visitor's own is never given to requests that waited.
func TestPrivateResponsesAreNotShared(t *testing.T) {
	for _, how := range []string{"Cache-Control: private", "Cache-Control: no-store", "Set-Cookie: a=b", "Vary: *"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				goOn := make(chan struct{})
				s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
					<-goOn
					name, value, _ := strings.Cut(how, ": ")
					w.Header().Set(name, value)
					_, _ = io.WriteString(w, r.Header.Get("Cookie"))
				})
				var fields []string
				for i := range 20 {
					fields = append(fields, fmt.Sprintf("Cookie: visitor=%d", i))
				}
				for i, resp := range together(t, s, goOn, fields...) {
					if got := body(t, resp); "Cookie: "+got != fields[i] {
						t.Errorf("%s got the page of %s", fields[i], got)
					}
				}
				// They waited in vain once. The next ones need not.
				s.rendered()
				done := make(chan struct{}, 2)
				for range 2 {
					go func() { s.get("/", "Cookie: visitor=x"); done <- struct{}{} }()
				}
				<-done
				<-done
				if n := s.rendered(); n != 2 {
					t.Errorf("%d renderings, want 2", n)
				}
			})
		})
	}
}

func TestPanickingHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		var calls atomic.Int64
		s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
			if calls.Add(1) == 1 {
				_, _ = io.WriteString(w, "half a pa")
				<-goOn
				panic(http.ErrAbortHandler)
			}
			_, _ = io.WriteString(w, "page")
		})
		panicked := make(chan any, 1)
		go func() {
			defer func() { panicked <- recover() }()
			s.get("/")
		}()
		synctest.Wait()
		for i, resp := range together(t, s, goOn, "A: 1", "A: 2", "A: 3") {
			if got := body(t, resp); got != "page" {
				t.Errorf("waiter %d: got %q, want the page", i, got)
			}
		}
		if p := <-panicked; p != http.ErrAbortHandler {
			t.Errorf("the panic that came out is %v", p)
		}
		if got := body(t, s.get("/")); got != "page" {
			t.Errorf("afterwards: got %q", got)
		}
	})
}

// The visitor for whom a page is rendered leaves. The others who wait get theirs.
func TestLeaderLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1) == 1 {
				<-r.Context().Done()
				_, _ = io.WriteString(w, "half a pa")
				return
			}
			_, _ = io.WriteString(w, "page")
		})
		ctx, leave := context.WithCancel(t.Context())
		go s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
		synctest.Wait()
		goOn := make(chan struct{})
		go func() { <-goOn; leave() }()
		for i, resp := range together(t, s, goOn, "A: 1", "A: 2") {
			if got := body(t, resp); got != "page" {
				t.Errorf("waiter %d: got %q, want the page", i, got)
			}
		}
		if n := s.rendered(); n != 2 {
			t.Errorf("%d renderings, want 2: the one that was left and one for all the others", n)
		}
	})
}

// A visitor who waits for another's page may leave at any time.
func TestWaiterLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-goOn:
			case <-r.Context().Done():
			}
		})
		go s.get("/")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
		if d := time.Since(start); d != time.Second {
			t.Errorf("a visitor who left after 1s was held for %v", d)
		}
		close(goOn)
	})
}

// A transaction of the request is open when its page is done. The page may show its
// changes, so it is neither stored nor given to requests that wait.
func TestBypassThatBeginsDuringTheRendering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inTransaction atomic.Bool
		s := newSite(t, nil, nil, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Writer") != "" {
				inTransaction.Store(true)
				time.Sleep(time.Second)
				_, _ = io.WriteString(w, "not committed")
				return
			}
			_, _ = io.WriteString(w, "committed")
		})
		var all sync.WaitGroup
		all.Go(func() {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Writer", "1")
			s.ServeHTTP(httptest.NewRecorder(), r.WithContext(cache.WithBypassWhile(r.Context(), inTransaction.Load)))
		})
		synctest.Wait()
		if got := body(t, s.get("/")); got != "committed" {
			t.Errorf("who waited got %q", got)
		}
		all.Wait()
		if got := body(t, s.get("/")); got != "committed" {
			t.Errorf("who came later got %q", got)
		}
	})
}
