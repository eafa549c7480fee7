package main

import (
	"net"
	"net/http"
	"strings"
)

// pseudonym is how the proxy calls itself in Via.
const pseudonym = "uncache"

// edge makes a request what the origin will see of it, before the cache looks:
// a field that the cache selects by and the origin never gets, or the other way
// around, lets one visitor store a page under another's name.
//
//   - Fields that Connection names end here (RFC 9110 §7.6.1). Without this,
//     "Accept-Language: de" with "Connection: Accept-Language" would store the
//     page without a language as the German one.
//   - Fields by which frameworks take a request for another than it says it is
//     (another URL, method, host, scheme) end here. The key does not know them.
//   - X-Forwarded-For, -Host and -Proto are set from the connection, whatever
//     the visitor says: this proxy believes nobody in front of it. Host and
//     scheme are in the key. An origin whose pages depend on the visitor's
//     address has to say so, with Vary: X-Forwarded-For or private.
//   - Max-Forwards is obeyed; see lastRecipient.
//   - Via is added, as a gateway must (RFC 9110 §7.6.3), so that a loop is seen.
//
// Host stays the visitor's, in lower case (RFC 9110 §4.2.3). It is what the key is made of, and what the origin
// needs in order to link to itself and to tell virtual hosts apart.
func edge(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect {
			// This is no tunnel.
			http.Error(w, http.StatusText(http.StatusNotImplemented), http.StatusNotImplemented)
			return
		}
		r = r.Clone(r.Context())
		r.Host = strings.ToLower(r.Host)
		h := r.Header
		if lastRecipient(w, r) {
			return
		}
		hopByHop(h)
		for name := range h {
			if isImposture(name) {
				delete(h, name)
			}
		}
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		h.Set("X-Forwarded-Proto", scheme)
		h.Set("X-Forwarded-Host", r.Host)
		if ip, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
			h.Set("X-Forwarded-For", ip)
		}
		version, _ := strings.CutPrefix(r.Proto, "HTTP/")
		h.Add("Via", version+" "+pseudonym)
		next.ServeHTTP(w, r)
	})
}

// hopByHop deletes the fields that Connection names, and Connection, unless it
// is there to negotiate another protocol with the origin.
func hopByHop(h http.Header) {
	upgrade := h["Upgrade"]
	wants := false
	for _, field := range h["Connection"] {
		for name := range strings.SplitSeq(field, ",") {
			name = http.CanonicalHeaderKey(strings.Trim(name, " \t"))
			wants = wants || name == "Upgrade"
			delete(h, name)
		}
	}
	delete(h, "Connection")
	delete(h, "Upgrade")
	if wants && len(upgrade) > 0 {
		h["Connection"], h["Upgrade"] = []string{"Upgrade"}, upgrade
	}
}

// isImposture reports whether a field, by its canonical name, is one by which a
// visitor can make an origin take his request for another.
func isImposture(name string) bool {
	switch name {
	case "Forwarded", "X-Host", "X-Real-Ip", "X-Original-Url", "X-Original-Host",
		"X-Rewrite-Url", "X-Http-Method", "X-Http-Method-Override", "X-Method-Override":
		return true
	}
	return strings.HasPrefix(name, "X-Forwarded-")
}
