package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// An answer is what the origin says to one request.
type answer struct {
	interim []string // heads of 1xx responses
	status  string   // "200", or "close" for a connection that is dropped unanswered
	header  []string // lines "Name: value"; "Date:" without a value for no Date
	body    string
	chunked []string // trailer lines: the body is sent in chunks, these behind it
	cut     bool     // the connection is dropped before the last byte
}

// An origin answers each target with what a test has queued for it, byte by
// byte as the test says it, and records what it was asked.
type origin struct {
	*httptest.Server
	t testing.TB

	mu      sync.Mutex
	answers map[string][]answer // by path
	got     map[string][]*http.Request
}

func newOrigin(t testing.TB) *origin {
	o := &origin{
		t:       t,
		answers: make(map[string][]answer),
		got:     make(map[string][]*http.Request),
	}
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Close)
	return o
}

// queue adds an answer to the next request for path.
func (o *origin) queue(path string, a answer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answers[path] = append(o.answers[path], a)
}

// requests returns what was asked for path so far.
func (o *origin) requests(path string) []*http.Request {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.got[path]
}

// await waits until there were n requests for path.
func (o *origin) await(path string, n int) bool {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if len(o.requests(path)) >= n {
			return true
		}
	}
	return false
}

// unexpected is the body of an answer that was not queued.
const unexpected = "the origin was not to be asked"

func (o *origin) next(r *http.Request) answer {
	o.mu.Lock()
	defer o.mu.Unlock()
	path := r.URL.Path
	o.got[path] = append(o.got[path], r)
	queue := o.answers[path]
	if len(queue) == 0 {
		return answer{status: "200", header: []string{"Cache-Control: no-store"}, body: unexpected}
	}
	o.answers[path] = queue[1:]
	return queue[0]
}

// ServeHTTP writes the answer by hand, since package net/http would correct it.
func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // or the visitor could be cut off in the middle of the request
	a := o.next(r)
	conn, rw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		o.t.Error(err)
		return
	}
	defer conn.Close()
	if a.status != "close" {
		a.write(rw.Writer, r.Method)
	}
	_ = rw.Flush() // a proxy that has gone away is the test's business
}

func (a answer) write(w *bufio.Writer, method string) {
	for _, head := range a.interim {
		fmt.Fprintf(w, "HTTP/1.1 %s\r\n\r\n", head)
	}
	code := a.status[:3]
	fmt.Fprintf(w, "HTTP/1.1 %s Because\r\n", code)
	has := map[string]bool{}
	for _, line := range a.header {
		name, value, _ := strings.Cut(line, ":")
		has[strings.ToLower(name)] = true
		if strings.TrimSpace(value) != "" || !strings.EqualFold(name, "date") {
			fmt.Fprintf(w, "%s\r\n", line)
		}
	}
	if !has["date"] {
		fmt.Fprintf(w, "Date: %s\r\n", time.Now().UTC().Format(http.TimeFormat))
	}
	if !has["connection"] { // where "close" is, package net/http sees nothing else
		fmt.Fprintf(w, "Connection: close\r\n")
	}
	body := a.body
	switch {
	case code == "204" || code == "304":
		body = ""
	case a.chunked != nil:
		fmt.Fprintf(w, "Transfer-Encoding: chunked\r\n")
		body = fmt.Sprintf("%x\r\n%s\r\n0\r\n%s\r\n", len(body), body, strings.Join(append(a.chunked, ""), "\r\n"))
	case !has["content-length"]:
		fmt.Fprintf(w, "Content-Length: %d\r\n", len(body))
	}
	if a.cut {
		body = body[:len(body)-1]
	}
	fmt.Fprintf(w, "\r\n")
	if method != http.MethodHead {
		fmt.Fprint(w, body)
	}
}
