package main

import (
	"crypto/tls"
	"net/http"
	"net/http/httptrace"
	"strings"
)

// takesTrailers reports whether a TE field says that its sender takes trailers.
// The other values are transfer codings, which end at this proxy.
func takesTrailers(te []string) bool {
	for _, field := range te {
		for value := range strings.SplitSeq(field, ",") {
			if strings.EqualFold(strings.Trim(value, " \t"), "trailers") {
				return true
			}
		}
	}
	return false
}

// namesTE is a transport that names TE in Connection, as its sender must (RFC
// 9110 §10.1.4): an origin may ignore it otherwise. HTTP/2 has no Connection, and
// package net/http refuses it there; so it waits to see which connection it is.
type namesTE struct{ http.RoundTripper }

func (t namesTE) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Te") == "" {
		return t.RoundTripper.RoundTrip(r)
	}
	var out *http.Request
	// GotConn is called before the header is written, by the goroutine that does
	// so next or wakes the one that does.
	ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		options := r.Header["Connection"] // "Upgrade", or none
		if c, ok := info.Conn.(*tls.Conn); !ok || c.ConnectionState().NegotiatedProtocol != "h2" {
			options = []string{strings.Join(append(options[:len(options):len(options)], "TE"), ", ")}
		}
		if delete(out.Header, "Connection"); options != nil {
			out.Header["Connection"] = options
		}
	}})
	out = r.Clone(ctx)
	return t.RoundTripper.RoundTrip(out)
}
