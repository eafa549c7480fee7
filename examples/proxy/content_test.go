package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A talk is a connection to the proxy on which a test says what it likes.
type talk struct {
	*net.TCPConn
	t *testing.T
	r *bufio.Reader
}

func talkTo(t *testing.T, addr string) talk {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return talk{conn.(*net.TCPConn), t, bufio.NewReader(conn)}
}

func (c talk) say(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
}

// hear returns the status and the body of the next response.
func (c talk) hear(method string) (int, string) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// A visitor who asks before sending hears what the origin says, and not that of
// a proxy which wants the content for itself.
func TestOriginDecidesAboutContent(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		case "/login":
			http.Error(w, "who are you?", http.StatusUnauthorized)
		case "/expect":
			http.Error(w, "expected "+r.Header.Get("Expect"), http.StatusExpectationFailed)
		default:
			body, err := io.ReadAll(r.Body) // says 100 Continue
			fmt.Fprintf(w, "%s %v", body, err)
		}
	}))
	defer origin.Close()
	addr, _ := inFront(t, origin.URL)
	for _, framing := range []string{"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"} {
		content := "hello"
		if strings.Contains(framing, "chunked") {
			content = "5\r\nhello\r\n0\r\n\r\n"
		}
		for path, want := range map[string]int{"/large": 413, "/login": 401, "/expect": 417, "/take": 100} {
			for _, method := range []string{"POST", "PUT", "GET"} {
				c := talkTo(t, addr)
				c.say(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n%s\r\n", method, path, framing))
				got, said := c.hear(method)
				if got != want {
					t.Fatalf("%s %s with %s: first heard %d %s, want %d", method, path, strings.TrimSpace(framing), got, said, want)
				}
				if want != 100 {
					continue
				}
				c.say(content)
				if got, said := c.hear(method); got != 200 || said != "hello <nil>" {
					t.Errorf("%s %s: then heard %d %q, want 200 and the content", method, path, got, said)
				}
			}
		}
	}
}

// An origin that never heard of Expect waits for the content, and gets it.
func TestOriginThatDoesNotKnowExpect(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		var all strings.Builder
		for buf := make([]byte, 1024); !strings.HasSuffix(all.String(), "hello"); {
			n, err := conn.Read(buf)
			if all.Write(buf[:n]); err != nil {
				return
			}
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	}()
	addr, _ := inFront(t, "http://"+l.Addr().String())
	c := talkTo(t, addr)
	c.say("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	if got, _ := c.hear("POST"); got != 100 {
		t.Fatalf("heard %d, want 100 after a while", got)
	}
	c.say("hello")
	if got, body := c.hear("POST"); got != 200 || body != "ok" {
		t.Errorf("heard %d %q, want 200 ok", got, body)
	}
}

// What is wrong with the visitor's content is the visitor's error: the origin
// has done nothing, and nobody reads about it in the log.
func TestVisitorsContentIsBroken(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, "taken")
	}))
	defer origin.Close()
	addr, stderr := inFront(t, origin.URL)
	const chunked = "Transfer-Encoding: chunked\r\n\r\n"
	for name, rest := range map[string]string{
		"cut":                         "Content-Length: 100\r\n\r\nhello",
		"nothing of it":               "Content-Length: 100\r\n\r\n",
		"cut in a chunk":              chunked + "a\r\nhello",
		"cut between chunks":          chunked + "5\r\nhello\r\n",
		"cut before the end":          chunked + "5\r\nhello\r\n0\r\n",
		"no chunk":                    chunked + "hello\r\n",
		"a negative chunk":            chunked + "-5\r\nhello\r\n0\r\n\r\n",
		"a chunk that is too large":   chunked + "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
		"a chunk longer than it says": chunked + "5\r\nhello!\r\n0\r\n\r\n",
		"a chunk without its end":     chunked + "5\r\nhello0\r\n\r\n",
		"a second chunk that is none": chunked + "5\r\nhello\r\nz\r\n",
		"a trailer that is none":      chunked + "5\r\nhello\r\n0\r\nno colon\r\n\r\n",
		"a trailer that is cut":       chunked + "5\r\nhello\r\n0\r\nX-Sum: 1",
	} {
		for _, method := range []string{"POST", "PUT", "GET"} {
			c := talkTo(t, addr)
			c.say(method + " / HTTP/1.1\r\nHost: a\r\n" + rest)
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if got, body := c.hear(method); got != 400 {
				t.Errorf("%s, %s: heard %d %q, want 400", method, name, got, body)
			}
		}
	}
	if said := stderr.String(); said != "" {
		t.Errorf("stderr: %s", said)
	}
	c := talkTo(t, addr)
	c.say("POST / HTTP/1.1\r\nHost: a\r\n" + chunked + "5\r\nhello\r\n0\r\n\r\n")
	if got, body := c.hear("POST"); got != 200 || body != "taken" {
		t.Errorf("after that: heard %d %q, want 200 taken", got, body)
	}
}

// An answer that does not wait for the content is not kept until it has come.
func TestOriginAnswersBeforeContent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_, _ = io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
		_, _ = io.Copy(io.Discard, conn)
	}()
	addr, _ := inFront(t, "http://"+l.Addr().String())
	c := talkTo(t, addr)
	c.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhello")
	if got, body := c.hear("POST"); got != 413 || body != "no" {
		t.Errorf("heard %d %q, want 413 no", got, body)
	}
}

func TestTrailersOfRequests(t *testing.T) {
	type request struct{ header, trailer http.Header }
	got := make(chan request, 1)
	origin := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if string(body) != "hello" || err != nil {
			t.Errorf("the origin got %q, %v; want hello", body, err)
		}
		got <- request{r.Header, r.Trailer}
	}))
	defer origin.Close()
	for _, tt := range []struct {
		flags           []string
		header, trailer string
		want            map[string]string
	}{
		{header: "Trailer: X-Sum\r\n", trailer: "X-Sum: 1\r\n", want: map[string]string{"X-Sum": "1"}},
		{header: "Trailer: X-Sum, X-Other\r\n", trailer: "X-Sum: 1\r\nX-Sum: 2\r\nX-Other: 3\r\n", want: map[string]string{"X-Sum": "1|2", "X-Other": "3"}},
		{trailer: "X-Not-Announced: 1\r\n", want: map[string]string{"X-Not-Announced": "1"}},
		{header: "Trailer: X-Sum\r\n", want: nil},
		{trailer: "X-Sum: 1\r\nX-Forwarded-For: 1.2.3.4\r\nX-Original-URL: /admin\r\nAuthorization: Basic eDp5\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nHost: b\r\n",
			want: map[string]string{"X-Sum": "1"}},
		{trailer: "X-Sum: 1\r\nX_Sum: 2\r\nX Sum: 3\r\nX.Sum: 4\r\n", want: map[string]string{"X-Sum": "1"}},
		{flags: []string{"-underscores"}, trailer: "X_Sum: 2\r\nX_Forwarded_For: 1.2.3.4\r\n", want: map[string]string{"X_sum": "2"}},
		{header: "Connection: X-Hop\r\nTrailer: X-Hop\r\n", trailer: "X-Hop: 1\r\nX-Sum: 1\r\n", want: map[string]string{"X-Sum": "1"}},
	} {
		addr, _ := inFront(t, origin.URL, tt.flags...)
		for _, method := range []string{"POST", "GET"} {
			c := talkTo(t, addr)
			c.say(method + " / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" + tt.header + "\r\n5\r\nhello\r\n0\r\n" + tt.trailer + "\r\n")
			if status, body := c.hear(method); status != 200 {
				t.Errorf("%s with the trailer %q: heard %d %s", method, tt.trailer, status, body)
				continue
			}
			r := <-got
			has := make(map[string]string)
			for name, values := range r.trailer {
				if len(values) > 0 { // or it was announced, and did not come
					has[name] = strings.Join(values, "|")
				}
			}
			if fmt.Sprint(has) != fmt.Sprint(tt.want) {
				t.Errorf("%s with the trailer %q: the origin got %v, want %v", method, tt.trailer, has, tt.want)
			}
			for name := range tt.want {
				if r.header[name] != nil {
					t.Errorf("%s with the trailer %q: the origin got %s as a header", method, tt.trailer, name)
				}
			}
		}
	}
}
