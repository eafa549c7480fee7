package main

import (
	"net"
	"net/http"
	"slices"
	"strings"
)

// pseudonym is how the proxy calls itself in Via.
const pseudonym = "uncache"

// edge makes a request what the origin will see of it, before the cache looks. If the
// two saw different fields, a visitor could store a page under another's name.
//
//   - Fields that Connection names end here (RFC 9110 §7.6.1).
//   - Fields by which frameworks take a request for another URL, method, host or
//     scheme end here. The key does not know them.
//   - X-Forwarded-For, -Host and -Proto are set from the connection.
//   - Fields whose names origins confuse with others end here; see isField.
//   - A malformed target is refused; Max-Forwards is obeyed; Via is added.
//
// Host stays the visitor's, in lower case and without the default port. Fields with
// underscores in their names pass where underscores is set.
func edge(next http.Handler, underscores bool) http.Handler {
	keep := func(name string) bool { return isField(name, underscores) && !isImposture(name) }
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect {
			// This is no tunnel.
			http.Error(w, http.StatusText(http.StatusNotImplemented), http.StatusNotImplemented)
			return
		}
		if code := refuse(r); code != 0 {
			http.Error(w, http.StatusText(code), code)
			return
		}
		if r.RequestURI == "*" { // OPTIONS; package net/http mostly answers it before
			answerOptions(w)
			return
		}
		// Or package net/http would keep the origin's 413 until it has read the rest.
		_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/2 does that by itself
		options := connectionOptions(r.Header)
		r = withContent(r, func(name string) bool {
			return isTrailer(name) && keep(name) && !slices.Contains(options, name)
		})
		originForm(r)
		r.Host = hostOf(r)
		h := r.Header
		if lastRecipient(w, r) {
			return
		}
		hopByHop(h, options)
		if !r.ProtoAtLeast(1, 1) { // HTTP/1.0 has neither
			delete(h, "Te")
			delete(h, "Expect")
		}
		for name := range h {
			if !keep(name) {
				delete(h, name)
			}
		}
		h.Set("X-Forwarded-Proto", schemeOf(r))
		h.Set("X-Forwarded-Host", r.Host)
		if ip, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
			h.Set("X-Forwarded-For", ip)
		}
		version, _ := strings.CutPrefix(r.Proto, "HTTP/")
		h.Add("Via", version+" "+pseudonym)
		next.ServeHTTP(w, r)
	})
}

// hostOf returns the host that a request was sent to, spelled as its key spells
// it: what the origin makes of ":80" would be stored for all others.
func hostOf(r *http.Request) string {
	host := strings.ToLower(r.Host)
	port := ":80"
	if r.TLS != nil {
		port = ":443"
	}
	return strings.TrimSuffix(strings.TrimSuffix(host, port), ":")
}

// connectionOptions returns what Connection names, as names of fields.
func connectionOptions(h http.Header) (names []string) {
	for _, field := range h["Connection"] {
		for name := range strings.SplitSeq(field, ",") {
			names = append(names, http.CanonicalHeaderKey(strings.Trim(name, " \t")))
		}
	}
	return names
}

// hopByHop deletes the fields that Connection names, Connection, and what is for
// the next server without being named there. Two things go on, since they are
// for the origin too: another protocol, and that trailers are welcome.
func hopByHop(h http.Header, options []string) {
	upgrade, trailers := h["Upgrade"], takesTrailers(h["Te"])
	for _, name := range options {
		delete(h, name)
	}
	for _, name := range []string{"Connection", "Upgrade", "Te", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization"} {
		delete(h, name)
	}
	if trailers {
		h["Te"] = []string{"trailers"}
	}
	if len(upgrade) > 0 && slices.Contains(options, "Upgrade") {
		h["Connection"], h["Upgrade"] = []string{"Upgrade"}, upgrade
	}
}

// isImposture reports whether a field, by its canonical name, is one by which a
// visitor can make an origin take the request for another.
//
// Origins by CGI, WSGI or PHP can't tell X_Real_IP from X-Real-IP.
func isImposture(name string) bool {
	name = http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
	switch name {
	case "Forwarded", "X-Host", "X-Real-Ip", "X-Original-Url", "X-Original-Host",
		"X-Rewrite-Url", "X-Http-Method", "X-Http-Method-Override", "X-Method-Override":
		return true
	}
	return strings.HasPrefix(name, "X-Forwarded-")
}

// isField reports whether the name of a field consists of letters, digits,
// hyphens and, where they are allowed, underscores. Others end here, as they do
// at nginx: origins by CGI, WSGI or PHP make an underscore of every odd character
// and of the hyphen, and confuse X_User with the X-User that a proxy has set.
func isField(name string, underscores bool) bool {
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-':
		case c == '_' && underscores:
		default:
			return false
		}
	}
	return true
}
