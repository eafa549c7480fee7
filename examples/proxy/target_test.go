package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// asked counts what an origin was asked, whatever it was.
func asked(o *origin) (targets []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, requests := range o.got {
		for _, r := range requests {
			targets = append(targets, r.Method+" "+r.RequestURI+" of "+r.Host)
		}
	}
	return targets
}

func TestTargetsThatAreNoneAreRefused(t *testing.T) {
	o := newOrigin(t)
	addr, _ := inFront(t, o.URL)
	for target, want := range map[string]int{
		"x:@internal.test/secret":       400,
		"http:@internal.test/secret":    400,
		"http:internal.test/secret":     400,
		"http:/internal.test/secret":    400,
		"http://user@a.test/":           400,
		"http://user:word@a.test/":      400,
		"http://@a.test/":               400,
		"http:///path":                  400,
		"http://:80/path":               400,
		"http://a.test:port/":           400,
		"http://a.test\\@internal.test": 400,
		"ftp://a.test/":                 400,
		"file:///etc/passwd":            400,
		"gopher://a.test/":              400,
		"//":                            200, // a path of two empty segments
		"https://a.test/":               421, // over a connection without TLS
		"a.test:443":                    400,
		"a.test:443/path":               400,
		"127.0.0.1:443":                 400,
		"*":                             400,
		"*/path":                        400,
		"path":                          400,
		"?query":                        400,
		"#":                             400,
		"/path#":                        400,
		"/path#fragment":                400,
		"/path?query#fragment":          400,
		"http://a.test/#fragment":       400,
		`\\internal.test\secret`:        400,
		`/\internal.test/secret`:        400,
		`/a\..\secret`:                  400,
		`http://a.test/a\b`:             400,
		"/a b":                          400,
		"/a\tb":                         400,
		"/a\x00b":                       400,
		"/a\x7fb":                       400,
		"/a?b\x01c":                     400,
		"/a%zz":                         400,
		"/a%":                           400,
	} {
		for _, method := range []string{"GET", "POST"} {
			request := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", method, target)
			if resp, _ := send(t, addr, method, request); resp.StatusCode != want {
				t.Errorf("%s %q was answered %s, want %d", method, target, resp.Status, want)
			}
		}
	}
	if got := asked(o); len(got) != 2 || got[0] != got[0][:4]+"// of a.test" && got[0] != got[0][:5]+"// of a.test" {
		t.Errorf("the origin was asked %q, want GET and POST of // alone", got)
	}
}

// What the origin is asked for is what the visitor wrote, with the same Host.
func TestTargetsGoToTheOriginAsTheyAre(t *testing.T) {
	for target, want := range map[string]string{
		"/":                         "/ of a.test",
		"/?":                        "/? of a.test",
		"//internal.test/secret":    "//internal.test/secret of a.test",
		"///internal.test/secret":   "///internal.test/secret of a.test",
		"/@internal.test:443":       "/@internal.test:443 of a.test",
		"/http://b.test/":           "/http://b.test/ of a.test",
		"/*":                        "/* of a.test",
		"/a;b=c|d[e]":               "/a;b=c%7Cd%5Be%5D of a.test",
		`/a?b\c|d`:                  `/a?b\c|d of a.test`,
		"/%5C%23%2F":                "/%5C%23%2F of a.test",
		"http://b.test":             "/ of b.test",
		"http://b.test?q":           "/?q of b.test",
		"http://B.test/x%2Fy?z":     "/x%2Fy?z of b.test",
		"http://b.test:81/x":        "/x of b.test:81",
		"HTTP://b.test//c.test/":    "//c.test/ of b.test",
		"http://b.test/http://c/":   "/http://c/ of b.test",
		"http://[::1]:81/x":         "/x of [::1]:81",
		"/caf\xc3\xa9":              "/caf%C3%A9 of a.test",
		"/path?to=http://c.test/#x": "",
	} {
		o := newOrigin(t)
		addr, _ := inFront(t, o.URL)
		send(t, addr, "GET", "GET "+target+" HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
		if got := strings.Join(asked(o), ", "); strings.TrimPrefix(got, "GET ") != want {
			t.Errorf("GET %s: the origin was asked %q, want %q", target, got, want)
		}
	}
}

// A Host that is none names no page, and must not make the origin answer for its
// own host. HTTP/1.0 may leave it out.
func TestMalformedHostsAreRefused(t *testing.T) {
	o := newOrigin(t)
	addr, _ := inFront(t, o.URL)
	for host, want := range map[string]int{
		"": 400, ":80": 400, "a.test:port": 400, "a.test:99999": 400, "a.test:-1": 400, "a.test:80:80": 400, "[::1": 400, "::1": 400,
		"a.test%2f": 400, "user@a.test": 400, "a.test/path": 400, "a.test?q": 400, "a.test#f": 400, "a b.test": 400, `a.test\b`: 400,
		"a.test": 200, "A.test:80": 200, "a.test:": 200, "a.test.": 200, "a_b.test": 200, "[::1]": 200, "[::1]:81": 200, "127.0.0.1:8000": 200,
	} {
		for _, method := range []string{"GET", "POST"} {
			request := fmt.Sprintf("%s /path HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", method, host)
			if resp, _ := send(t, addr, method, request); resp.StatusCode != want {
				t.Errorf("%s with Host: %s was answered %s, want %d", method, host, resp.Status, want)
			}
		}
	}
	for _, request := range []string{"GET /path HTTP/1.0\r\n\r\n", "GET http://a.test/path HTTP/1.0\r\n\r\n"} {
		if resp, _ := send(t, addr, "GET", request); resp.StatusCode != 200 {
			t.Errorf("%q was answered %s, want 200", request, resp.Status)
		}
	}
	if got := len(asked(o)); got != 8*2+2 {
		t.Errorf("the origin was asked %d times, want %d: %q", got, 8*2+2, asked(o))
	}
}

// Both forms of a target are one page, under one key.
func TestTargetForAProxyIsTheSamePage(t *testing.T) {
	o := newOrigin(t)
	addr, _ := inFront(t, o.URL)
	o.queue("/page", answer{status: "200", header: []string{"Cache-Control: max-age=60"}, body: "page"})
	for _, target := range []string{"http://a.test/page?q", "/page?q", "HTTP://A.test/page?q"} {
		resp, body := send(t, addr, "GET", "GET "+target+" HTTP/1.1\r\nHost: a.test\r\n\r\n")
		if body != "page" {
			t.Errorf("GET %s gives %q, want the stored page; Cache-Status: %q", target, body, resp.Header["Cache-Status"])
		}
	}
}

// OPTIONS * is about the server, which is the proxy; CONNECT is for tunnels.
func TestTargetsWithoutAPath(t *testing.T) {
	o := newOrigin(t)
	addr, _ := inFront(t, o.URL)
	if resp, _ := send(t, addr, "OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n"); resp.StatusCode > 204 {
		t.Errorf("OPTIONS * was answered %s, want 2xx", resp.Status)
	}
	w := httptest.NewRecorder() // as behind a server that leaves OPTIONS * to its handler
	edge(http.NotFoundHandler(), false).ServeHTTP(w, &http.Request{Method: "OPTIONS", RequestURI: "*", Header: make(http.Header)})
	if w.Code != 204 || w.Header().Get("Allow") == "" {
		t.Errorf("OPTIONS * was answered %d with Allow: %q, want 204 and methods", w.Code, w.Header().Get("Allow"))
	}
	for _, target := range []string{"a.test:443", "/path", "http://a.test/", "*", "//a.test"} {
		resp, _ := send(t, addr, "CONNECT", "CONNECT "+target+" HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
		if resp.StatusCode != 501 && resp.StatusCode != 400 {
			t.Errorf("CONNECT %s was answered %s, want 501 or 400", target, resp.Status)
		}
	}
	if got := asked(o); len(got) != 0 {
		t.Errorf("the origin was asked %q, want nothing", got)
	}
}
