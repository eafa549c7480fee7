package keys

import (
	"net/http"
	"strings"
)

// appendAsked appends the path that the client asked for, if it is not r.URL's
// any more, as its spelling counts.
func (b *Builder) appendAsked(dst []byte, at *layout, r *http.Request) ([]byte, error) {
	at.asked = at.end
	asked, err := askedPath(r.RequestURI)
	if err != nil || asked == "" || r.URL.RawPath == "" && asked == r.URL.Path && strings.IndexByte(asked, '%') < 0 {
		return dst, err
	}
	if dst, err = appendPath(dst, asked, escapedPath|requestPath); err != nil {
		return dst, err
	}
	if string(dst[at.end:]) == string(dst[at.path:at.query]) {
		return dst[:at.end], nil
	}
	if b.exact {
		dst = append(dst[:at.end], asked...)
	}
	at.asked = len(dst)
	return dst, nil
}

// isClients reports whether the scheme and the host of r.URL are those of a
// target in absolute form, or there are none. A request that no server has read
// is taken for one in absolute form if its URL and Host name one host.
func isClients(r *http.Request) bool {
	u := r.URL
	switch {
	case u.Scheme == "" && u.Host == "":
		return true
	case r.RequestURI == "":
		return u.Host == r.Host || r.Host == ""
	}
	scheme, rest, ok := strings.Cut(r.RequestURI, "://")
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		rest = rest[:i]
	}
	return ok && strings.EqualFold(scheme, u.Scheme) && rest == u.Host
}

// askedPath returns the escaped path of a RequestURI in origin or absolute form
// (RFC 9112 §3.2), or "" if that is empty: a request that no server has read.
func askedPath(uri string) (string, error) {
	if uri == "" {
		return "", nil
	}
	if uri[0] != '/' {
		_, rest, ok := strings.Cut(uri, "://")
		if !ok {
			return "", ErrPath
		}
		i := strings.IndexAny(rest, "/?")
		if i < 0 || rest[i] == '?' {
			return "/", nil // RFC 9110 §4.2.3
		}
		uri = rest[i:]
	}
	if i := strings.IndexByte(uri, '?'); i >= 0 {
		uri = uri[:i]
	}
	return uri, nil
}

// requested returns the canonical form of what appendAsked appended.
func (b *Builder) requested(asked []byte) string {
	if b.exact {
		if canonical, err := appendPath(nil, string(asked), escapedPath); err == nil {
			return string(canonical)
		}
	}
	return string(asked)
}
