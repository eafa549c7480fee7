package main

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// refuse returns the status with which a request is refused because of its
// target, or 0. Package net/http lets more pass than a request line may say, and
// repairs some of it; then the origin is asked for something else than the
// visitor wrote, and perhaps another server is (RFC 9112 §3: a 400, no repair).
//
//	/path?query             the form for a server (RFC 9112 §3.2.1)
//	http://host/path?query  the form for a proxy, which a server must know too
//	*                       the server itself, with OPTIONS alone
//	host:port               with CONNECT alone; edge has refused that
//
// A fragment is never sent, nor is a backslash in a path: browsers make a slash
// of it, and so do some origins. Nor is there a page of a malformed Host: package
// net/http would ask the origin for its own.
func refuse(r *http.Request) int {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	switch {
	case strings.Contains(r.RequestURI, "#") || strings.Contains(path, `\`):
		return http.StatusBadRequest
	case r.Host == "" && r.ProtoAtLeast(1, 1) || r.Host != "" && !isHost(r.Host):
		return http.StatusBadRequest // RFC 9112 §3.2
	case strings.HasPrefix(r.RequestURI, "/"):
		return 0
	case r.RequestURI == "*" && r.Method == http.MethodOptions:
		return 0
	case r.URL.Opaque != "" || r.URL.User != nil || r.URL.Hostname() == "":
		return http.StatusBadRequest
	case r.URL.Scheme == schemeOf(r):
		return 0
	case r.URL.Scheme == "http" || r.URL.Scheme == "https":
		// The key, and the origin, would take it for the other (RFC 9110 §7.4).
		return http.StatusMisdirectedRequest
	}
	return http.StatusBadRequest
}

// isHost reports whether s is a host, with or without a port.
func isHost(s string) bool {
	u, err := url.Parse("http://" + s)
	if err != nil || u.Host != s || u.Hostname() == "" || strings.Contains(u.Hostname(), ":") && s[0] != '[' {
		return false
	}
	_, err = strconv.ParseUint(u.Port(), 10, 16)
	return u.Port() == "" || err == nil
}

// originForm makes a target in the form for a proxy the same one in the form for
// a server. Package net/http has taken the Host from it.
func originForm(r *http.Request) {
	if r.URL.Host == "" {
		return
	}
	r.URL.Scheme, r.URL.Host = "", ""
	if r.URL.Path == "" {
		r.URL.Path = "/"
	}
	_, rest, _ := strings.Cut(r.RequestURI, "//")
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		rest = rest[i:]
	} else {
		rest = ""
	}
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	r.RequestURI = rest
}

// schemeOf returns the scheme of the connection that a request came by.
func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}
