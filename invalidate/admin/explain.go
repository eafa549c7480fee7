package admin

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/uncache/uncache/cache/pagecache"
)

// An explainAnswer is the answer of GET explain.
type explainAnswer struct {
	pagecache.Explanation
	Error string `json:"error,omitempty"` // what could not be found out, because the backend does not answer
}

func serveExplain(ctx context.Context, h *handler, r *http.Request) (any, error) {
	q := r.URL.Query()
	return h.explain(ctx, r, q.Get("url"), q["header"])
}

// explain explains a URL to somebody who asks with r.
func (h *handler) explain(ctx context.Context, r *http.Request, raw string, fields []string) (explainAnswer, error) {
	visit, err := h.visit(r, raw, fields)
	if err != nil {
		return explainAnswer{}, err
	}
	x, err := h.pages.Explain(ctx, visit)
	if visit.TLS != nil && err == nil && unseen(x) {
		// Behind a proxy that ends TLS the cache sees http.
		visit.TLS = nil
		if plain, err := h.pages.Explain(ctx, visit); err == nil && !unseen(plain) {
			x = plain
		}
	}
	answer := explainAnswer{Explanation: x}
	if err != nil {
		answer.Error = redact(err.Error())
	}
	return answer, nil
}

// unseen reports whether a URL may be one that no visitor has asked for.
func unseen(x pagecache.Explanation) bool {
	return x.Key != "" && len(x.Stored) == 0 && x.Rendering == nil
}

const maxURL, maxFields = 8 << 10, 20

// visit returns the request of a visitor who asks for a URL, as a server gets it. A URL
// without a host is one of Options.Origin, or of the host that r was sent to.
func (h *handler) visit(r *http.Request, raw string, fields []string) (*http.Request, error) {
	raw, _, _ = strings.Cut(strings.TrimSpace(raw), "#")
	switch {
	case raw == "":
		return nil, fail(http.StatusBadRequest, "url: it is missing")
	case len(raw) > maxURL:
		return nil, fail(http.StatusBadRequest, "url: it has more than %d bytes", maxURL)
	case len(fields) > maxFields:
		return nil, fail(http.StatusBadRequest, "header: there are more than %d", maxFields)
	}
	https, host := r.TLS != nil, r.Host
	if h.origin != nil {
		https, host = h.origin.Scheme == "https", h.origin.Host
	}
	u, err := url.ParseRequestURI(raw)
	switch {
	case err != nil:
		return nil, fail(http.StatusBadRequest, "url: %w (it begins with a slash, or with http:// or https://)", err)
	case strings.HasPrefix(raw, "/"):
		if u, err = url.ParseRequestURI("http://host" + raw); err != nil { // "//a/b" is a path
			return nil, fail(http.StatusBadRequest, "url: %w", err)
		}
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil:
		return nil, fail(http.StatusBadRequest, "url: %q is not a path, nor the URL of a page", raw)
	default:
		https, host = u.Scheme == "https", u.Host
	}
	u.Scheme, u.Host = "", ""
	if u.Path == "" {
		u.Path = "/"
	}
	visit := &http.Request{
		Method: http.MethodGet, URL: u, RequestURI: u.RequestURI(), Host: host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: make(http.Header), Body: http.NoBody,
		RemoteAddr: "192.0.2.1:1234", // of nobody (RFC 5737)
	}
	if https {
		visit.TLS = &tls.ConnectionState{HandshakeComplete: true}
	}
	for _, f := range fields {
		name, value, ok := strings.Cut(f, ":")
		if name = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)); !ok || name == "" {
			return nil, fail(http.StatusBadRequest, "header: %q is not a name, a colon and a value", f)
		}
		visit.Header.Add(name, strings.TrimSpace(value))
	}
	return visit, nil
}
