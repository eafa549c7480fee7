package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// flushInterval is how long a part of a body may wait to be passed on. What has
// no Content-Length is passed on at once by ReverseProxy. Flushing does not keep
// a response from being stored.
const flushInterval = 100 * time.Millisecond

// forward returns a handler that asks the origin. It follows no redirect, and
// passes on every method, status (1xx among them), field and trailer as it is;
// but Connection: package net/http does not show what else stands there beside
// "close", so that a field named in such a list is passed on.
//
// An origin that drops the connection in the middle of a body makes it panic
// with http.ErrAbortHandler, so that the cache does not take the beginning for
// all of it, nor the visitor.
func forward(origin *url.URL, transport http.RoundTripper, logger *log.Logger) http.Handler {
	proxy := &httputil.ReverseProxy{
		Transport:     namesTE{trimmed{transport}},
		FlushInterval: flushInterval,
		ErrorLog:      logger,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(origin)
			r.Out.Host = r.In.Host
			// ReverseProxy has left out what package net/url can't parse. The
			// key has all of it, so the origin gets it too.
			r.Out.URL.RawQuery = r.In.URL.RawQuery
			if c := contentOf(r.In.Context()); c != nil {
				r.Out.Trailer = c.trailer
			}
			// ReverseProxy has deleted these; edge has set them.
			for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
				if values, ok := r.In.Header[name]; ok {
					r.Out.Header[name] = values
				}
			}
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			code := http.StatusBadGateway
			c := contentOf(r.Context())
			switch {
			case c != nil && c.failed.Load(): // the visitor's error, not the origin's
				code = http.StatusBadRequest
			case unanswered(err):
				code = http.StatusGatewayTimeout
			}
			if code != http.StatusBadRequest && !errors.Is(err, context.Canceled) { // or the visitor is gone, and nobody reads this
				logger.Printf("%s %s: %v", r.Method, r.URL, err)
			}
			http.Error(w, http.StatusText(code), code)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxy.ServeHTTP(visitor{w, r.ProtoAtLeast(1, 1)}, r)
	})
}

// unanswered reports whether an error means that there was no answer at all, by
// its time or because the connection could not be made or was dropped, rather
// than one that is not HTTP. RFC 9111 §5.2.2.2 wants a 504 where a cache can't
// reach the origin to validate what must not be served stale.
func unanswered(err error) bool {
	var network net.Error // timeouts, and what the system says of a connection
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// A visitor gets a response as the origin made it: without a type, if it came
// without. Package net/http would guess, and make a page of what the origin did
// not call one. Interim responses go only to clients that know of them (RFC 9110
// §15.2). 100 is left to net/http, which says it when the content is read: the
// visitor would hear it twice.
type visitor struct {
	http.ResponseWriter
	interim bool
}

func (w visitor) WriteHeader(code int) {
	if code == http.StatusContinue || code < 200 && code != http.StatusSwitchingProtocols && !w.interim {
		return
	}
	if _, typed := w.Header()["Content-Type"]; !typed && code >= 200 {
		w.Header()["Content-Type"] = nil
	}
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController, by which ReverseProxy flushes and
// hijacks.
func (w visitor) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// newTransport returns a transport for requests that were somebody else's
// before: nothing is added to them, and nothing done to their responses.
func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: time.Minute,
		// A visitor who asks before sending content waits for the origin's word,
		// such as 413. An origin that says nothing gets the content after this.
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   128,
		// Or it would ask for gzip where the visitor did not, and take
		// Content-Encoding and Content-Length out of what it got.
		DisableCompression: true,
		ForceAttemptHTTP2:  true,
	}
}
