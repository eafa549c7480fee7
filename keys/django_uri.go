package keys

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/uncache/uncache/keys/internal/escape"
)

// djangoTarget is a request as Django sees it: host verbatim, path decoded.
type djangoTarget struct {
	scheme, host, path, query string
}

func requestTarget(r *http.Request) djangoTarget {
	t := djangoTarget{scheme: "http", host: r.Host, path: r.URL.Path, query: r.URL.RawQuery}
	if r.TLS != nil {
		t.scheme = "https"
	}
	if t.host == "" {
		t.host = r.URL.Host
	}
	if t.path == "" {
		t.path = "/"
	}
	return t
}

func urlTarget(rawURL string) (djangoTarget, error) {
	u, err := parse(rawURL)
	if err != nil {
		return djangoTarget{}, err
	}
	if u.Scheme == "" || u.Host == "" {
		return djangoTarget{}, fmt.Errorf("keys: URL %q: Django hashes the whole of it: %w", rawURL, ErrURL)
	}
	return djangoTarget{scheme: u.Scheme, host: u.Host, path: u.Path, query: u.RawQuery}, nil
}

// resource returns what stands in a key for the URL.
func (d *Django) resource(t djangoTarget) string {
	path := unbroken(t.path)
	switch d.Layout {
	case Django096:
		return t.path
	case Django10:
		return string(escape.DjangoIRI.Append(nil, path))
	case Django103, Django12:
		return md5Hex(string(escape.DjangoIRI.Append(nil, path)))
	case Django13, Django14, Django16:
		return md5Hex(string(d.appendQuery(escape.DjangoIRI.Append(nil, path), t.query)))
	}
	full := d.appendQuery(escape.DjangoPath.Append(nil, path), t.query)
	return md5Hex(absoluteURI(t.scheme+"://"+t.host, string(full)))
}

func (d *Django) appendQuery(dst []byte, query string) []byte {
	if query == "" {
		return dst
	}
	if !d.ASGI && d.Layout <= Django17 {
		query = latin1(query) // as WSGI hands it to Python 3
	}
	return escape.DjangoIRI.Append(append(dst, '?'), query)
}

// absoluteURI is HttpRequest.build_absolute_uri: it joins the two, and resolves
// dot segments with Python's urljoin, but only if there is one in the middle.
func absoluteURI(site, full string) string {
	path, query, hasQuery := strings.Cut(full, "?")
	if !strings.Contains(path, "/./") && !strings.Contains(path, "/../") {
		return site + full
	}
	segments := strings.Split(path, "/")
	var resolved []string
	for _, s := range segments {
		switch {
		case s == ".":
		case s != "..":
			resolved = append(resolved, s)
		case len(resolved) > 0:
			resolved = resolved[:len(resolved)-1]
		}
	}
	if last := segments[len(segments)-1]; last == "." || last == ".." {
		resolved = append(resolved, "")
	}
	path = strings.Join(resolved, "/")
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if hasQuery {
		path += "?" + query
	}
	return site + path
}

// unbroken percent-encodes the bytes of a path that are not UTF-8, as Django
// does before it decodes it.
func unbroken(path string) string {
	if utf8.ValidString(path) {
		return path
	}
	var b []byte
	for i := 0; i < len(path); {
		r, n := utf8.DecodeRuneInString(path[i:])
		if r == utf8.RuneError && n == 1 {
			b = fmt.Appendf(b, "%%%02X", path[i])
		} else {
			b = append(b, path[i:i+n]...)
		}
		i += n
	}
	return string(b)
}
