package pagecache_test

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
)

// raw asks a server of h, and returns all that it sent until it closed the
// connection.
func raw(t *testing.T, h http.Handler, method string) string {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", method)
	b, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A handler that aborts in the middle of a response that is held back has sent what it
// would have sent without a cache. After any other panic nothing is sent: middleware
// outside the cache that recovers can still answer.
func TestAbortOfWhatIsHeldBack(t *testing.T) {
	// Enough for package net/http to send it.
	half := strings.Repeat("x", 64<<10)
	for _, tt := range []struct {
		name   string
		fields []string
		panics any
		want   bool
	}{
		{"a response that may be stored", []string{"Cache-Control: max-age=60"}, http.ErrAbortHandler, true},
		{"its length is known", []string{"Cache-Control: max-age=60", "Content-Length: 100000"}, http.ErrAbortHandler, true},
		{"one that may not", []string{"Cache-Control: no-store"}, http.ErrAbortHandler, true},
		{"a bug", []string{"Cache-Control: max-age=60"}, "a bug", false},
	} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(tt.name+" "+method, func(t *testing.T) {
				handler := func(w http.ResponseWriter, _ *http.Request) {
					for _, f := range tt.fields {
						name, value, _ := strings.Cut(f, ": ")
						w.Header().Set(name, value)
					}
					_, _ = io.WriteString(w, half)
					panic(tt.panics)
				}
				if tt.name == "one that may not" && method == "POST" {
					return // the same as one that may
				}
				s := newSite(t, nil, nil, handler)
				got := raw(t, s, method)
				if (got != "") != tt.want {
					t.Fatalf("got %d bytes: %.200q", len(got), got)
				}
				if !tt.want {
					return
				}
				_, plain, _ := strings.Cut(raw(t, http.HandlerFunc(handler), method), "\r\n\r\n")
				head, sent, _ := strings.Cut(got, "\r\n\r\n")
				if len(sent) < len(plain) {
					t.Errorf("the visitor got %d bytes of the body, without a cache %d\n%s", len(sent), len(plain), head)
				}
				resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(got)), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if b, err := io.ReadAll(resp.Body); err == nil {
					t.Errorf("the visitor takes %d bytes for all of it:\n%s", len(b), head)
				}
				s.rendered()
				raw(t, s, method)
				if n := s.rendered(); n != 1 {
					t.Error("half of a response was stored")
				}
			})
		}
	}
}

// Nothing is made up for a handler that gave up before it said anything.
func TestAbortBeforeTheStatus(t *testing.T) {
	s := newSite(t, nil, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		panic(http.ErrAbortHandler)
	})
	for _, method := range []string{"GET", "POST", "HEAD"} {
		if got := raw(t, s, method); got != "" {
			t.Errorf("%s: got %q", method, got)
		}
	}
}

// While a refresh is under way, stale hits do not start another, and one that
// failed is followed by another.
func TestOneRefreshAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		statuses := make(chan int)
		fills := false
		s := newSite(t, nil, &pagecache.Options{TTL: time.Minute, StaleWhileRevalidate: time.Hour}, func(w http.ResponseWriter, _ *http.Request) {
			if fills {
				w.WriteHeader(<-statuses)
			}
		})
		s.get("/")
		fills = true
		time.Sleep(2 * time.Minute)
		s.rendered()
		for _, status := range []int{500, 503, 200} {
			for range 3 {
				wantStatus(t, s.get("/"), "stale", "uncache; hit; ttl=-60")
				synctest.Wait()
			}
			if n := s.rendered(); n != 1 {
				t.Errorf("before a %d: %d refreshes at a time, want 1", status, n)
			}
			statuses <- status
			synctest.Wait()
		}
		wantStatus(t, s.get("/"), "refreshed", "uncache; hit; ttl=60")
		if n := s.rendered(); n != 0 {
			t.Errorf("%d refreshes of what is fresh", n)
		}
	})
}
