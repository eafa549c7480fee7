package route

import (
	"net"
	"net/url"
	"strings"

	"github.com/uncache/uncache/keys/internal/escape"
)

// Name returns the pattern in the form in which routes are compared: without the
// method and the names of the wildcards, and with its literals escaped one way.
// "GET /blog/{slug}" and "/blog/{id}" have the name "/blog/{}". It is what
// cache.Route is to be named with.
func (r Route) Name() string {
	if len(r.segments) == 0 {
		return ""
	}
	b := []byte(r.host)
	for _, s := range r.segments {
		b = append(b, '/')
		switch s.kind {
		case literal:
			b = escape.Written.Append(b, s.text)
		case single:
			b = append(b, "{}"...)
		case slash:
			if !r.servesSubtree() {
				b = append(b, "{$}"...)
			}
		}
	}
	return string(b)
}

// Matches reports whether the pattern matches a request for an escaped path, as
// keys.Path returns it, to a host, as http.Request.Host has it. Like
// [net/http.ServeMux] it ignores the host's port, and decodes the path segment
// by segment. It does not look at the method, and not at other patterns, which
// may be more specific.
//
// A path with an empty segment before its end, or with a dot segment, matches
// nothing: ServeMux redirects it.
func (r Route) Matches(host, path string) bool {
	if len(r.segments) == 0 || r.host != "" && r.host != withoutPort(host) || !strings.HasPrefix(path, "/") || !isClean(path) {
		return false
	}
	rest := path
	for _, s := range r.segments {
		if rest == "" {
			return false
		}
		var segment string
		segment, rest = cutSegment(rest)
		switch {
		case s.kind == multi, s.kind == slash && r.servesSubtree():
			return true
		case s.kind == single, s.kind == literal && s.text == "": // of "//", which ServeMux takes for a wildcard
			if segment == "/" {
				return false
			}
		case s.kind == slash && segment != "/", s.kind == literal && segment != s.text:
			return false
		}
	}
	return rest == ""
}

// cutSegment returns the first segment of a path, unescaped, and what is behind
// it. As in ServeMux, the end of a path that ends with a slash is "/".
func cutSegment(path string) (segment, rest string) {
	if path == "/" {
		return "/", ""
	}
	segment, rest = path[1:], ""
	if i := strings.IndexByte(segment, '/'); i >= 0 {
		segment, rest = segment[:i], segment[i:]
	}
	if text, err := url.PathUnescape(segment); err == nil {
		segment = text
	}
	return segment, rest
}

// AllowsMethod reports whether the pattern matches requests with a method: any if
// it names none, HEAD if it names GET.
func (r Route) AllowsMethod(method string) bool {
	return r.method == "" || r.method == method || r.method == "GET" && method == "HEAD"
}

// servesSubtree reports whether the pattern matches everything below its path.
func (r Route) servesSubtree() bool {
	return strings.HasSuffix(r.pattern, "/") || strings.HasSuffix(r.pattern, "...}")
}

// withoutPort returns a host as ServeMux compares it.
func withoutPort(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}
