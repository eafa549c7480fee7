package django

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/uncache/uncache/keys"
	"github.com/uncache/uncache/keys/internal/escape"
)

// target is a request as Django sees it: host verbatim, path decoded.
type target struct {
	scheme, host, path, query string
}

func requestTarget(r *http.Request) target {
	t := target{scheme: "http", host: r.Host, path: r.URL.Path, query: r.URL.RawQuery}
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

func urlTarget(rawURL string) (target, error) {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil:
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err // rawURL is in the message already
		}
		return target{}, fmt.Errorf("django: URL %q: %w: %w", rawURL, keys.ErrURL, err)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.User != nil:
		return target{}, fmt.Errorf("django: URL %q: Django hashes the whole of it; write http or https, and a host: %w", rawURL, keys.ErrURL)
	}
	return target{scheme: u.Scheme, host: u.Host, path: cmp.Or(u.Path, "/"), query: u.RawQuery}, nil
}

// resource returns what stands in a key for the URL.
func (s *Site) resource(t target) string {
	path := unbroken(t.path)
	switch s.Layout {
	case Layout096:
		return t.path
	case Layout10:
		return string(escape.DjangoIRI.Append(nil, path))
	case Layout103, Layout12:
		return md5Hex(string(escape.DjangoIRI.Append(nil, path)))
	case Layout13, Layout14, Layout16:
		return md5Hex(string(s.appendQuery(escape.DjangoIRI.Append(nil, path), t.query)))
	}
	full := s.appendQuery(escape.DjangoPath.Append(nil, path), t.query)
	return md5Hex(absoluteURI(t.scheme+"://"+t.host, string(full)))
}

func (s *Site) appendQuery(dst []byte, query string) []byte {
	if query == "" {
		return dst
	}
	if !s.ASGI && s.Layout <= Layout17 {
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
