package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// An origin by CGI, WSGI or PHP takes X_User for X-User.
func TestFieldsWithOddNames(t *testing.T) {
	const fields = "X_User: 1\r\nX_Forwarded_For: 1.2.3.4\r\nX-Forwarded_Host: evil\r\nX_HTTP_Method-Override: DELETE\r\n_: 1\r\n" +
		"X.User: 1\r\nX+User: 1\r\nX~User: 1\r\nX-User-2: 1\r\nX__User: 1\r\n"
	for flag, want := range map[string]string{
		"-underscores=false": "X-User-2",
		"-underscores=true":  "X-User-2 X_user X__user _",
	} {
		o := newOrigin(t)
		addr, _ := inFront(t, o.URL, flag)
		send(t, addr, "GET", "GET /x HTTP/1.1\r\nHost: a\r\n"+fields+"\r\n")
		r := o.requests("/x")[0]
		for _, name := range strings.Fields(want) {
			if r.Header[name] == nil {
				t.Errorf("%s: the origin did not get %s", flag, name)
			}
		}
		for name := range r.Header {
			if strings.Trim(name, "-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" && !strings.Contains(" "+want+" ", " "+name+" ") {
				t.Errorf("%s: the origin got %s: %q", flag, name, r.Header[name])
			}
		}
		if got := r.Header["X-Forwarded-For"]; len(got) != 1 || got[0] != "127.0.0.1" {
			t.Errorf("%s: the origin got X-Forwarded-For: %q", flag, got)
		}
	}
}

// A field that the origin does not get selects nothing.
func TestFieldThatIsDroppedDoesNotSelect(t *testing.T) {
	o := newOrigin(t)
	addr, _ := inFront(t, o.URL)
	o.queue("/", answer{status: "200", header: []string{"Cache-Control: max-age=60", "Vary: X_User"}, body: "one"})
	for _, user := range []string{"", "X_User: 1\r\n", "X_User: 2\r\n"} {
		if _, body := send(t, addr, "GET", "GET / HTTP/1.1\r\nHost: a\r\n"+user+"\r\n"); body != "one" {
			t.Errorf("with %q: got %q, want the stored page", user, body)
		}
	}
}

// A visitor who takes trailers says so to the proxy, and the proxy to the origin.
func TestTE(t *testing.T) {
	o := newOrigin(t)
	addr, _ := inFront(t, o.URL)
	for _, tt := range []struct{ proto, fields, te, connection string }{
		{"1.1", "TE: trailers\r\nConnection: TE\r\n", "trailers", "TE"},
		{"1.1", "TE: Trailers\r\nConnection: te, close\r\n", "trailers", "TE"},
		{"1.1", "TE: gzip, trailers;q=0.5\r\nTE: deflate,trailers\r\nConnection: TE, X-Hop\r\nX-Hop: 1\r\n", "trailers", "TE"},
		{"1.1", "TE: trailers\r\n", "trailers", "TE"},
		{"1.1", "TE: gzip\r\nConnection: TE\r\n", "", ""},
		{"1.1", "TE: \r\nConnection: TE\r\n", "", ""},
		{"1.1", "Connection: TE\r\n", "", ""},
		{"1.0", "TE: trailers\r\nConnection: TE\r\n", "", ""},
	} {
		path := "/" + url.PathEscape(tt.proto+tt.fields)
		send(t, addr, "GET", "GET "+path+" HTTP/"+tt.proto+"\r\nHost: a\r\n"+tt.fields+"\r\n")
		p, err := url.PathUnescape(path)
		if err != nil {
			t.Fatal(err)
		}
		r := o.requests(p)[0]
		if te, connection := strings.Join(r.Header["Te"], "|"), strings.Join(r.Header["Connection"], "|"); te != tt.te || connection != tt.connection {
			t.Errorf("%q: the origin got TE: %q and Connection: %q, want %q and %q", tt.fields, te, connection, tt.te, tt.connection)
		}
	}
}

// HTTP/2 has no Connection: TE goes without, and the trailers come.
func TestTEOverHTTP2(t *testing.T) {
	for _, http2 := range []bool{true, false} {
		origin := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Got", r.Proto+" "+strings.Join(r.Header["Te"], "|")+"; "+strings.Join(r.Header["Connection"], "|"))
			w.Header().Set("Trailer", "X-Sum")
			_, _ = io.WriteString(w, "body")
			w.(http.Flusher).Flush() // or HTTP/2 sends a Content-Length, which leaves HTTP/1.1 no place for a trailer
			w.Header().Set("X-Sum", "1")
		}))
		origin.EnableHTTP2 = http2
		origin.StartTLS()
		defer origin.Close()
		target, err := url.Parse(origin.URL)
		if err != nil {
			t.Fatal(err)
		}
		transport := newTransport()
		transport.TLSClientConfig = origin.Client().Transport.(*http.Transport).TLSClientConfig
		defer transport.CloseIdleConnections()
		proxy := httptest.NewServer(edge(forward(target, transport, log.New(t.Output(), "", 0)), false))
		defer proxy.Close()
		want := "HTTP/1.1 trailers; TE"
		if http2 {
			want = "HTTP/2.0 trailers;"
		}
		for range 2 { // over a new connection, and over one that is there
			resp, body := send(t, strings.TrimPrefix(proxy.URL, "http://"), "GET", "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n")
			if got := resp.Header.Get("X-Got"); got != want || body != "body" || resp.Trailer.Get("X-Sum") != "1" {
				t.Errorf("the origin got %q, the visitor %s %q with the trailer %v; want %q, and X-Sum: 1", got, resp.Status, body, resp.Trailer, want)
			}
		}
	}
}
