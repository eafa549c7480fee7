package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uncache/uncache/internal/redistest"
)

// output is a writer that may be read while it is written to.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// inFront starts the proxy in front of an origin and returns its address, and
// what it writes to stderr.
func inFront(t *testing.T, originURL string, flags ...string) (string, *output) {
	t.Helper()
	stderr := new(output)
	cfg, err := parse(append([]string{"-origin", originURL}, flags...), stderr)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProxy(cfg, stderr)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(p.handler)
	server.Config.ErrorLog = p.log
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	return strings.TrimPrefix(server.URL, "http://"), stderr
}

// send writes a request byte by byte, and reads the response.
func send(t *testing.T, addr, method, request string) (*http.Response, string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	return resp, string(body)
}

// What a visitor says about himself must not reach the origin in the place of
// what is known, and what the origin does not get must not select.
func TestWhatTheOriginSees(t *testing.T) {
	o := newOrigin(t)
	addr, _ := inFront(t, o.URL)
	send(t, addr, "GET", "GET /x?b;c=%zz&a=1 HTTP/1.1\r\nHost: Site.example:81\r\n"+
		"X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: gopher\r\nX-Forwarded-Prefix: /evil\r\n"+
		"Forwarded: for=1.2.3.4\r\nX-Original-URL: /admin\r\nX-HTTP-Method-Override: DELETE\r\nVia: 1.0 other\r\n"+
		"X-Hop: 1\r\nX-End: 1\r\nConnection: close, X-Hop, X-Forwarded-For, Via2\r\n\r\n")
	asked := o.requests("/x")
	if len(asked) != 1 {
		t.Fatalf("the origin was asked %d times, want once", len(asked))
	}
	r := asked[0]
	if r.Host != "site.example:81" || r.RequestURI != "/x?b;c=%zz&a=1" {
		t.Errorf("the origin got %s of %s, want what the visitor asked for", r.RequestURI, r.Host)
	}
	for name, want := range map[string]string{
		"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "site.example:81", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "",
		"Forwarded": "", "X-Original-Url": "", "X-Http-Method-Override": "", "Via": "1.0 other, 1.1 uncache",
		"X-Hop": "", "X-End": "1", "Accept-Encoding": "", "User-Agent": "", "Connection": "",
	} {
		if got := strings.Join(r.Header.Values(name), ", "); got != want {
			t.Errorf("the origin got %s: %q, want %q", name, got, want)
		}
	}
}

// The origin sees the host that is in the key, in every field. A request that writes
// the default port sends no other visitor to it.
func TestOriginSeesNoDefaultPort(t *testing.T) {
	o := newOrigin(t)
	addr, _ := inFront(t, o.URL)
	for i, head := range []string{
		"/1 HTTP/1.1\r\nHost: Site.example:80\r\n", "/2 HTTP/1.1\r\nHost: site.example:\r\n",
		"http://site.example:80/3 HTTP/1.1\r\nHost: other.example\r\n", "http://site.example/4 HTTP/1.1\r\nHost: other.example:80\r\n",
	} {
		for _, method := range []string{"GET", "POST"} {
			send(t, addr, method, method+" "+head+"Content-Length: 0\r\n\r\n")
		}
		path := fmt.Sprint("/", i+1)
		asked := o.requests(path)
		if len(asked) != 2 {
			t.Fatalf("the origin was asked %d times for %s, want twice", len(asked), path)
		}
		for _, r := range asked {
			if got := r.Host + " " + r.Header.Get("X-Forwarded-Host") + " " + r.RequestURI; got != "site.example site.example "+path {
				t.Errorf("%s %q: the origin got %q", r.Method, head, got)
			}
		}
	}
	send(t, addr, "GET", "GET /5 HTTP/1.1\r\nHost: site.example:443\r\n\r\n")
	if r := o.requests("/5")[0]; r.Host != "site.example:443" {
		t.Errorf("the port of https, without it: the origin got %q", r.Host)
	}
}

// A field that ends at the proxy selects nothing: or the page without it would
// be stored as the page with it.
func TestHopByHopFieldDoesNotSelect(t *testing.T) {
	o := newOrigin(t)
	o.queue("/", answer{status: "200", header: []string{"Cache-Control: max-age=60", "Vary: Accept-Language"}, body: "no language"})
	o.queue("/", answer{status: "200", header: []string{"Cache-Control: max-age=60", "Vary: Accept-Language"}, body: "German"})
	addr, _ := inFront(t, o.URL)
	send(t, addr, "GET", "GET / HTTP/1.1\r\nHost: a\r\nAccept-Language: de\r\nConnection: Accept-Language\r\n\r\n")
	if _, body := send(t, addr, "GET", "GET / HTTP/1.1\r\nHost: a\r\nAccept-Language: de\r\n\r\n"); body != "German" {
		t.Errorf("a German visitor got %q, want what the origin has for him", body)
	}
	if _, body := send(t, addr, "GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); body != "no language" {
		t.Errorf("a visitor without a language got %q, want what was stored for one", body)
	}
}

// What the origin says goes through as it is.
func TestPassedOn(t *testing.T) {
	o := newOrigin(t)
	addr, _ := inFront(t, o.URL)
	o.queue("/moved", answer{status: "302", header: []string{"Location: /elsewhere"}})
	if resp, _ := send(t, addr, "GET", "GET /moved HTTP/1.1\r\nHost: a\r\n\r\n"); resp.StatusCode != 302 || len(o.requests("/elsewhere")) != 0 {
		t.Errorf("a redirect became %s, want 302 and nobody following it", resp.Status)
	}
	o.queue("/search", answer{status: "207", body: "found"})
	resp, body := send(t, addr, "M-SEARCH", "M-SEARCH /search HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
	if resp.StatusCode != 207 || body != "found" || o.requests("/search")[0].Method != "M-SEARCH" {
		t.Errorf("M-SEARCH was answered %s %q", resp.Status, body)
	}
	o.queue("/trailer", answer{status: "200", body: "body", chunked: []string{"X-Sum: 1"}})
	if resp, body := send(t, addr, "GET", "GET /trailer HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n"); body != "body" || resp.Trailer.Get("X-Sum") != "1" {
		t.Errorf("got %q with the trailer %v, want X-Sum: 1", body, resp.Trailer)
	}
	if resp, _ := send(t, addr, "CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"); resp.StatusCode != 501 {
		t.Errorf("CONNECT was answered %s, want 501", resp.Status)
	}
}

func TestInterimResponses(t *testing.T) {
	o := newOrigin(t)
	addr, _ := inFront(t, o.URL)
	o.queue("/", answer{interim: []string{"103 Early\r\nLink: </a.css>"}, status: "200", header: []string{"Cache-Control: max-age=60"}, body: "page"})
	var hint string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		hint = fmt.Sprint(code, " ", h.Get("Link"))
		return nil
	}})
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+addr+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "page" || hint != "103 </a.css>" {
		t.Errorf("got %q, %v after the hint %q; want the page after 103", body, err, hint)
	}
}

// Another protocol is negotiated between the visitor and the origin.
func TestUpgrade(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\nhello", r.Header.Get("Upgrade"))
	}))
	defer origin.Close()
	addr, _ := inFront(t, origin.URL)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, x\r\nUpgrade: echo\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 101 ") || !strings.HasSuffix(string(got), "\r\n\r\nhello") {
		t.Errorf("got %q, %v; want 101 and what the origin says then", got, err)
	}
}

// An origin that can't be reached, or takes the connection away, is a 502, and a
// line on stderr.
func TestOriginIsGone(t *testing.T) {
	o := newOrigin(t)
	addr, stderr := inFront(t, o.URL)
	o.queue("/", answer{status: "close"})
	if resp, _ := send(t, addr, "GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); resp.StatusCode != 504 || !strings.Contains(stderr.String(), "EOF") {
		t.Errorf("a dropped connection was answered %s, want 504; stderr: %s", resp.Status, stderr)
	}
	o.Close()
	if resp, _ := send(t, addr, "POST", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"); resp.StatusCode != 504 || !strings.Contains(stderr.String(), "refused") {
		t.Errorf("a refused connection was answered %s, want 504; stderr: %s", resp.Status, stderr)
	}
}

// What is not HTTP is a bad gateway.
func TestOriginTalksNonsense(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			_, _ = io.WriteString(conn, "hello\r\n\r\n")
			conn.Close()
		}
	}()
	addr, _ := inFront(t, "http://"+l.Addr().String())
	if resp, _ := send(t, addr, "GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); resp.StatusCode != 502 {
		t.Errorf("what is not HTTP was answered %s, want 502", resp.Status)
	}
}

// The flags are what they say.
func TestFlagsDecide(t *testing.T) {
	for _, tt := range []struct {
		flag           string
		first, request string // the origin's first answer, and a field of the second request
		second         string // its second, "" for none
		want           string
	}{
		{"-ttl=0s", "X-A: 1", "X-B: 1", "200", "second"},
		{"-ttl=1m", "X-A: 1", "X-B: 1", "", "first"},
		{"-client-directives=true", "Cache-Control: max-age=60", "Cache-Control: no-cache", "200", "second"},
		{"-client-directives=false", "Cache-Control: max-age=60", "Cache-Control: no-cache", "", "first"},
		{"-stale-if-error=0s", "Age: 20\r\nCache-Control: max-age=10", "X-B: 1", "503", "second"},
		{"-stale-if-error=1m", "Age: 20\r\nCache-Control: max-age=10", "X-B: 1", "503", "first"},
		{"-stale-while-revalidate=1m", "Age: 20\r\nCache-Control: max-age=10", "X-B: 1", "200", "first"},
		{"-max-body=4", "Cache-Control: max-age=60", "X-B: 1", "200", "second"},
		{"-max-body=5", "Cache-Control: max-age=60", "X-B: 1", "", "first"},
		{"-hosts=b.example", "Cache-Control: max-age=60", "X-B: 1", "200", "second"},
		{"-hosts=b.example,a", "Cache-Control: max-age=60", "X-B: 1", "", "first"},
	} {
		t.Run(tt.flag, func(t *testing.T) {
			o := newOrigin(t)
			o.queue("/", answer{status: "200", header: strings.Split(tt.first, "\r\n"), body: "first"})
			if tt.second != "" {
				o.queue("/", answer{status: tt.second, body: "second"})
			}
			addr, _ := inFront(t, o.URL, tt.flag)
			send(t, addr, "GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			if resp, body := send(t, addr, "GET", "GET / HTTP/1.1\r\nHost: a\r\n"+tt.request+"\r\n\r\n"); body != tt.want {
				t.Errorf("the second visitor got %q, want the %s answer; Cache-Status: %q", body, tt.want, resp.Header["Cache-Status"])
			}
		})
	}
}

func TestMemoryIsBounded(t *testing.T) {
	o := newOrigin(t)
	addr, _ := inFront(t, o.URL, "-memory=64K")
	const pages = 40
	for i := range pages {
		path := fmt.Sprint("/", i)
		o.queue(path, answer{status: "200", header: []string{"Cache-Control: max-age=60"}, body: strings.Repeat("x", 4<<10)})
		send(t, addr, "GET", "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n")
	}
	stored := 0
	for i := range pages {
		resp, _ := send(t, addr, "GET", fmt.Sprint("GET /", i, " HTTP/1.1\r\nHost: a\r\nCache-Control: only-if-cached\r\n\r\n"))
		if resp.StatusCode == http.StatusOK {
			stored++
		}
	}
	if stored == 0 || stored > 16 {
		t.Errorf("%d pages of 4 KiB are stored in 64 KiB, want some, and not more than fit", stored)
	}
}

func TestOriginWithAPath(t *testing.T) {
	o := newOrigin(t)
	addr, _ := inFront(t, o.URL+"/base")
	send(t, addr, "GET", "GET /x%2Fy?z HTTP/1.1\r\nHost: a\r\n\r\n")
	if got := o.requests("/base/x/y"); len(got) != 1 || got[0].RequestURI != "/base/x%2Fy?z" {
		t.Errorf("the origin was asked %v, want /base/x%%2Fy?z once", got)
	}
}

// Two proxies with one Redis share what they store, and what they purge.
func TestRedis(t *testing.T) {
	redis := redistest.New(t, redistest.Config{}).Options().Addr
	o := newOrigin(t)
	one, _ := inFront(t, o.URL, "-redis", redis)
	two, stderr := inFront(t, o.URL, "-redis", "redis://"+redis)
	for _, body := range []string{"old", "new"} {
		o.queue("/", answer{status: "200", header: []string{"Cache-Control: max-age=60"}, body: body})
		for _, addr := range []string{one, two} {
			if _, got := send(t, addr, "GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); got != body {
				t.Fatalf("got %q, want the %s page; stderr: %s", got, body, stderr)
			}
		}
		o.queue("/", answer{status: "204"})
		send(t, one, "DELETE", "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n")
	}
}

func TestRun(t *testing.T) {
	o := newOrigin(t)
	ctx, stop := context.WithCancel(t.Context())
	var stdout, stderr output
	done := make(chan int)
	go func() { done <- run(ctx, []string{"-origin", o.URL, "-addr", "127.0.0.1:0"}, &stdout, &stderr) }()
	for deadline := time.Now().Add(30 * time.Second); !strings.HasSuffix(stdout.String(), "\n"); {
		if time.Now().After(deadline) {
			t.Fatalf("nothing is served: %s", &stderr)
		}
		time.Sleep(time.Millisecond)
	}
	where, _, _ := strings.Cut(stdout.String(), " ")
	u, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	o.queue("/", answer{status: "200", body: "page"})
	if _, body := send(t, u.Host, "GET", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); body != "page" {
		t.Errorf("got %q from the address that was printed, want the page", body)
	}
	stop()
	if status := <-done; status != 0 || stderr.String() != "" {
		t.Errorf("exit status %d, stderr %q; want 0 and nothing", status, &stderr)
	}
}

func TestFlags(t *testing.T) {
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"-help"}, 0, "-stale-if-error"},
		{nil, 2, "which origin?"},
		{[]string{"-origin", "/127.0.0.1:8000"}, 2, "want http://"},
		{[]string{"-origin", "127.0.0.1:8000"}, 2, "want http://"},
		{[]string{"-origin", "ftp://a"}, 2, "want http://"},
		{[]string{"-origin", "http://a", "extra"}, 2, "extra"},
		{[]string{"-origin", "http://a", "-memory", "many"}, 2, "number of bytes"},
		{[]string{"-origin", "http://a", "-memory", "0"}, 2, "number of bytes"},
		{[]string{"-origin", "http://a", "-max-body", "9999999999G"}, 2, "too large"},
		{[]string{"-origin", "http://a", "-max-body", "1MK"}, 2, "unknown unit"},
		{[]string{"-origin", "http://a", "-ttl", "-1s"}, 1, "TTL"},
		{[]string{"-origin", "http://a", "-hosts", "a/b"}, 1, "Hosts"},
		{[]string{"-origin", "http://a", "-redis", "nothing://here"}, 1, "redis"},
		{[]string{"-origin", "http://a", "-addr", "256.0.0.1:1"}, 1, "listen"},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			var stdout, stderr output
			status := run(t.Context(), tt.args, &stdout, &stderr)
			if status != tt.status || !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("exit status %d and %q, want %d and something about %q", status, &stderr, tt.status, tt.says)
			}
		})
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]string{"1": "1", "1024": "1K", "64M": "64M", "1gib": "1G", "1536KB": "1536K", "2048k": "2M", "100B": "100"} {
		var s size
		if err := s.Set(text); err != nil || s.String() != want {
			t.Errorf("Set(%q) gives %s, %v; want %s", text, &s, err, want)
		}
	}
}

// RFC 9110 §7.6.2: TRACE and OPTIONS end where Max-Forwards says.
func TestMaxForwards(t *testing.T) {
	o := newOrigin(t)
	addr, _ := inFront(t, o.URL)
	for _, tt := range []struct{ method, field, want string }{
		{"TRACE", "0", ""},
		{"OPTIONS", "0", ""},
		{"OPTIONS", "1", "0"},
		{"TRACE", "10", "9"},
		{"OPTIONS", "99999999", "70"},
		{"OPTIONS", "-1", "-1"},
		{"OPTIONS", "a", "a"},
		{"GET", "0", "0"},
		{"DELETE", "3", "3"},
	} {
		t.Run(tt.method+" "+tt.field, func(t *testing.T) {
			path := "/" + tt.method + tt.field
			resp, body := send(t, addr, tt.method, tt.method+" "+path+" HTTP/1.1\r\nHost: a.example\r\nMax-Forwards: "+tt.field+"\r\nCookie: secret\r\nAuthorization: secret\r\nX-A: 1\r\n\r\n")
			asked := o.requests(path)
			if tt.want != "" {
				if len(asked) != 1 || asked[0].Header.Get("Max-Forwards") != tt.want {
					t.Errorf("the origin was asked %v, want once, with Max-Forwards: %s", asked, tt.want)
				}
				return
			}
			if len(asked) != 0 || resp.StatusCode > 204 {
				t.Errorf("the origin was asked %d times, the visitor got %s", len(asked), resp.Status)
			}
			if tt.method == "TRACE" && (resp.Header.Get("Content-Type") != "message/http" || !strings.HasPrefix(body, "TRACE "+path+" HTTP/1.1\r\n") ||
				!strings.Contains(body, "Host: a.example\r\n") || !strings.Contains(body, "X-A: 1\r\n") || strings.Contains(body, "secret")) {
				t.Errorf("TRACE shows %s:\n%s", resp.Header.Get("Content-Type"), body)
			}
		})
	}
}
