package route

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/uncache/uncache/keys/internal/escape"
)

// ErrPattern is what is wrapped by the errors of Parse.
var ErrPattern = errors.New("malformed pattern")

// Parse parses a pattern, "[METHOD ][HOST]/[PATH]", as [net/http.ServeMux]
// documents it. It returns an error, [ErrPattern], for the patterns with which
// ServeMux.Handle panics.
func Parse(pattern string) (Route, error) {
	r, why := parse(pattern)
	if why != "" {
		return Route{}, fmt.Errorf("route: parse %q: %w: %s", pattern, ErrPattern, why)
	}
	return r, nil
}

func parse(pattern string) (r Route, why string) {
	r.pattern = pattern
	rest := pattern
	if i := strings.IndexAny(pattern, " \t"); i >= 0 {
		r.method, rest = pattern[:i], strings.TrimLeft(pattern[i+1:], " \t")
		if r.method != "" && strings.ContainsFunc(r.method, escape.NotToken) {
			return r, "the method is not a token"
		}
	}
	i := strings.IndexByte(rest, '/')
	if i < 0 {
		return r, "no slash before the path"
	}
	r.host, rest = rest[:i], rest[i:]
	if strings.Contains(r.host, "{") {
		return r, "a wildcard in the host, or no slash before it"
	}
	// ServeMux cleans the paths of requests other than CONNECT before it
	// matches them, and refuses what could never match. Without a method, a
	// CONNECT could.
	if r.method != "" && r.method != "CONNECT" && !isClean(rest) {
		return r, "the path is not clean, no request can match it"
	}
	parts := strings.Split(rest[1:], "/")
	for i, part := range parts {
		s, why := parseSegment(part, i == len(parts)-1)
		if why != "" {
			return r, why
		}
		if s.takesValue() {
			if slices.Contains(r.wildcards, s.text) {
				return r, fmt.Sprintf("two wildcards with the name %q", s.text)
			}
			r.wildcards = append(r.wildcards, s.text)
		}
		r.segments = append(r.segments, s)
	}
	return r, ""
}

func parseSegment(part string, last bool) (s segment, why string) {
	if part == "" && last {
		return segment{kind: slash}, ""
	}
	open := strings.IndexByte(part, '{')
	if open < 0 {
		text, err := url.PathUnescape(part)
		if err != nil {
			text = part // as ServeMux does
		}
		return segment{kind: literal, text: text}, ""
	}
	if open > 0 || part[len(part)-1] != '}' {
		return s, fmt.Sprintf("the wildcard in %q is not the whole segment", part)
	}
	name := part[1 : len(part)-1]
	if name == "$" {
		if !last {
			return s, "{$} is not at the end"
		}
		return segment{kind: slash}, ""
	}
	s.kind = single
	name, dots := strings.CutSuffix(name, "...")
	if dots {
		if s.kind = multi; !last {
			return s, fmt.Sprintf("%q is not at the end", part)
		}
	}
	if !isIdentifier(name) {
		return s, fmt.Sprintf("the wildcard name %q is not a Go identifier", name)
	}
	s.text = name
	return s, ""
}

// isClean reports whether p is its own shortest form, a last slash apart.
func isClean(p string) bool {
	clean := path.Clean(p)
	return p == clean || clean != "/" && p == clean+"/"
}

func isIdentifier(s string) bool {
	for i, c := range s {
		if !unicode.IsLetter(c) && c != '_' && (i == 0 || !unicode.IsDigit(c)) {
			return false
		}
	}
	return s != ""
}
