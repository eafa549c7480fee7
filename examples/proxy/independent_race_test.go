package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A call is a request that waits at the origin for its answer.
type call struct {
	*http.Request
	answer chan string // lines of header, a blank one, the body
}

// slow starts the proxy before an origin whose answers a test gives one by one.
func slow(t *testing.T) (proxy *stage, calls chan call) {
	calls = make(chan call, 100)
	done := make(chan struct{})
	o := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := call{r, make(chan string, 1)}
		calls <- c
		select {
		case a := <-c.answer:
			head, body, _ := strings.Cut(a, "\n\n")
			for line := range strings.SplitSeq(head, "\n") {
				name, value, _ := strings.Cut(line, ": ")
				w.Header().Add(name, value)
			}
			fmt.Fprint(w, body)
		case <-done:
		}
	}))
	t.Cleanup(o.Close)
	t.Cleanup(func() { close(done) }) // before o.Close, which waits
	proxy = new(stage)
	proxy.proxy, _ = inFront(t, o.URL)
	return proxy, calls
}

// get asks for /x in the background.
func (s *stage) get(fields string) chan result {
	got := make(chan result, 1)
	go func() { got <- s.ask("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + fields + "\r\n") }()
	return got
}

func next(t *testing.T, calls chan call) call {
	t.Helper()
	select {
	case c := <-calls:
		return c
	case <-time.After(10 * time.Second):
		t.Fatal("the origin is not asked")
		panic("unreachable")
	}
}

// Requests that come while an answer is made may share it only if it may be
// stored for them (RFC 9111 §4), and wait for it in vain otherwise.
func TestIndependentTogether(t *testing.T) {
	for name, head := range map[string]string{
		"5.2.2.7 private": "Cache-Control: private, max-age=60", "5.2.2.5 no-store": "Cache-Control: no-store", "5.2.2.4 no-cache": "Cache-Control: no-cache",
		"4.2 no lifetime": "Cache-Control: max-age=0", "4.1 Vary *": "Cache-Control: max-age=60\nVary: *", "4.1 Vary of what differs": "Cache-Control: max-age=60\nVary: N",
		"7.3 Set-Cookie": "Cache-Control: no-store\nSet-Cookie: a=b", "9111 4.2 without all": "X: y",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, calls := slow(t)
			const n = 5
			var got []chan result
			for i := range n {
				got = append(got, s.get(fmt.Sprintf("N: %d\r\n", i)))
			}
			for range n { // they may come one behind the other
				c := next(t, calls)
				c.answer <- head + "\n\nfor " + c.Header.Get("N")
			}
			for i := range n {
				if res := <-got[i]; res.err != nil || res.body != fmt.Sprintf("for %d", i) {
					t.Errorf("request %d got %d %q (%v)", i, res.status, res.body, res.err)
				}
			}
		})
	}
	t.Run("4 what may be shared is", func(t *testing.T) {
		s, calls := slow(t)
		first := s.get("")
		c := next(t, calls)
		var got []chan result
		for range 5 {
			got = append(got, s.get(""))
		}
		c.answer <- "Cache-Control: max-age=60\n\nshared"
		for _, res := range append(got, first) {
			if res := <-res; res.body != "shared" {
				t.Errorf("got %d %q (%v)", res.status, res.body, res.err)
			}
		}
		if len(calls) > 0 {
			t.Errorf("the origin was asked %d times more", len(calls))
		}
	})
	t.Run("3.5 with Authorization nothing is", func(t *testing.T) {
		s, calls := slow(t)
		a, b := s.get("Authorization: a\r\n"), s.get("Authorization: b\r\n")
		for range 2 {
			c := next(t, calls)
			c.answer <- "Cache-Control: max-age=60\n\nfor " + c.Header.Get("Authorization")
		}
		if a, b := <-a, <-b; a.body != "for a" || b.body != "for b" {
			t.Errorf("got %q and %q", a.body, b.body)
		}
	})
}

// An answer that was being made while its target was invalidated is older than
// the invalidation (§4.4), and may not be what comes behind it.
func TestIndependentOvertaken(t *testing.T) {
	for name, lines := range map[string][2]string{
		"4.4 its target":     {"POST /x", "X: y"},
		"4.4 Location":       {"POST /y", "Location: /x"},
		"9875 3 its group":   {"POST /y", `Cache-Group-Invalidation: "g"`},
		"4.4 unknown method": {"FOO /x", "X: y"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, calls := slow(t)
			old := s.get("")
			get := next(t, calls)
			posted := make(chan result, 1)
			go func() {
				posted <- s.ask(lines[0] + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			}()
			next(t, calls).answer <- lines[1] + "\n\ndone"
			if res := <-posted; res.status != 200 {
				t.Fatalf("%s: %d (%v)", lines[0], res.status, res.err)
			}
			// One that comes now must not get the old one. It may wait for it,
			// to see which groups it has.
			fresh := s.get("")
			const groups = "\nCache-Groups: \"g\"\n\n"
			if strings.Contains(name, "group") {
				get.answer <- "Cache-Control: max-age=60" + groups + "old"
				next(t, calls).answer <- "Cache-Control: max-age=60" + groups + "new"
			} else {
				next(t, calls).answer <- "Cache-Control: max-age=60" + groups + "new"
				get.answer <- "Cache-Control: max-age=60" + groups + "old"
			}
			if res := <-fresh; res.body != "new" {
				t.Errorf("behind the invalidation: %q (%v)", res.body, res.err)
			}
			if res := <-old; res.err != nil {
				t.Error(res.err)
			}
			again := s.get("")
			select {
			case c := <-calls:
				c.answer <- "X: y\n\nnew"
			case res := <-again:
				again <- res
			}
			if res := <-again; res.body != "new" {
				t.Errorf("when the old one has come, too: %q (%v)", res.body, res.err)
			}
		})
	}
}

// A stale response is refreshed by one request at a time (RFC 5861 §3).
func TestIndependentOneRefresh(t *testing.T) {
	s, calls := slow(t)
	first := s.get("")
	next(t, calls).answer <- "Cache-Control: max-age=60, stale-while-revalidate=600\nAge: 100\n\nold"
	<-first
	for range 5 {
		if res := <-s.get(""); res.body != "old" {
			t.Errorf("got %q (%v)", res.body, res.err)
		}
	}
	next(t, calls).answer <- "Cache-Control: max-age=600\n\nnew"
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		res := <-s.get("")
		if res.body == "new" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it stays %q (%v)", res.body, res.err)
		}
	}
	if len(calls) > 0 {
		t.Errorf("the origin was asked %d times more", len(calls))
	}
}
