package keys

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/uncache/uncache/keys/internal/escape"
)

var (
	// ErrPath is what is wrapped by the errors of a path that no request can
	// have: one that does not begin with a slash, or whose percent-encoding is
	// broken.
	ErrPath = errors.New("malformed path")

	// ErrDotSegment is what is wrapped by the errors of a path in which a
	// segment is "." or "..", percent-encoded or not. Clients resolve such
	// segments before they send them, and what a server makes of those that
	// arrive differs, so they are neither keyed nor guessed at.
	ErrDotSegment = errors.New("dot segment in path")

	// ErrEmptySegment is what is wrapped by the errors of a path with an empty
	// segment before its end, "//a" or "/a//b", as requests have it. ServeMux
	// redirects it, handlers that clean paths serve "/a" and "/a/b" for it.
	ErrEmptySegment = errors.New("empty segment in path")
)

// Path returns the canonical form of an escaped path ("/caf%c3%a9/" or "/café/"
// as a URL has it): what cache.Path and cache.Prefix are to be named with.
//
// Each segment is unescaped and escaped again. What RFC 3986 §3.3 allows in a segment
// stands for itself, but for the star: a pattern such as "/blog/*" is no canonical
// path. Every other byte is %XX in upper case. An encoded slash stays encoded: "/a%2Fb"
// and "/a/b" are two paths. A page under one of them depends on both
// (cache.Dependency.Decoded). Empty segments and a last slash are kept.
//
// A path that has a query or a fragment is an error, [ErrPath]; so is a percent
// sign that is not followed by two hexadecimal digits.
func Path(path string) (string, error) {
	for i := range len(path) {
		if path[i] == '?' || path[i] == '#' {
			return "", fmt.Errorf("keys: path %q: unescaped %q: %w", path, path[i], ErrPath)
		}
	}
	var room [128]byte
	dst, err := appendPath(room[:0], path, escapedPath)
	if err != nil {
		return "", fmt.Errorf("keys: path %q: %w", path, err)
	}
	return string(dst), nil
}

// A pathForm says how a path is to be read.
type pathForm uint8

const (
	escapedPath pathForm      = 1 << iota // it has percent-encoding
	requestPath                           // it is a request's, which has no key if decoding it gives other segments than names
	decodedPath = pathForm(0)             // it has none
)

// appendPath appends the canonical form of a path.
//
// A request's path is read as handlers may that go by the decoded path: an
// encoded slash ends a segment, too, and no segment may be empty but the last.
func appendPath(dst []byte, path string, form pathForm) ([]byte, error) {
	if path == "" || path[0] != '/' {
		return dst, ErrPath
	}
	dots, length := 0, 0 // of the segment so far: bytes that are dots, bytes
	for i := 0; i < len(path); {
		c, n := path[i], 1
		if c == '%' && form&escapedPath != 0 {
			if c, n = escape.Decode(path, i); n == 0 {
				return dst, ErrPath
			}
		}
		if c == '/' && (n == 1 || form&requestPath != 0) {
			if dots == length && (length == 1 || length == 2) {
				return dst, ErrDotSegment
			}
			if length == 0 && i > 0 && form&requestPath != 0 {
				return dst, ErrEmptySegment
			}
			dots, length = 0, 0
		} else {
			if c == '.' {
				dots++
			}
			length++
		}
		if c == '/' && n == 1 {
			dst = append(dst, '/')
		} else {
			dst = escape.Written.AppendByte(dst, c)
		}
		i += n
	}
	if dots == length && (length == 1 || length == 2) {
		return dst, ErrDotSegment
	}
	return dst, nil
}

// appendURLPath appends the canonical form of what a handler, and the ServeMux
// before it, see of u's path, which is what [url.URL.EscapedPath] says, without
// the allocations.
func appendURLPath(dst []byte, u *url.URL, form pathForm) ([]byte, error) {
	if u.RawPath == "" {
		return appendPath(dst, u.Path, form)
	}
	decodes, standard := examineRawPath(u.RawPath, u.Path)
	switch {
	case decodes && standard:
		return appendPath(dst, u.RawPath, form|escapedPath)
	case !decodes:
		// Somebody changed Path after the request was parsed, and RawPath
		// counts no more.
		return appendPath(dst, u.Path, form)
	}
	// RawPath has bytes that a client should have encoded ("/é%2Fb"), for which
	// EscapedPath falls back to Path and turns the encoded slash into a real
	// one: the mux would route "/é/b". Where that makes a difference, the
	// spelling has no key: its page would be found under a path that nobody
	// asked for, or missed by a purge of the path that was served.
	start := len(dst)
	dst, err := appendPath(dst, u.Path, form)
	if err != nil {
		return dst, err
	}
	raw, err := appendPath(nil, u.RawPath, form|escapedPath)
	if err != nil {
		return dst, err
	}
	if string(raw) != string(dst[start:]) {
		return dst, ErrPath
	}
	return dst, nil
}

// examineRawPath reports whether raw is an encoding of path, and whether it has
// only bytes with which [url.URL.EscapedPath] returns it: pchar, slashes and
// square brackets.
func examineRawPath(raw, path string) (decodes, standard bool) {
	standard = true
	j := 0
	for i := 0; i < len(raw); j++ {
		c, n := escape.Decode(raw, i)
		if n == 0 || j >= len(path) || path[j] != c {
			return false, false
		}
		if n == 1 && !escape.Segment[c] && c != '/' && c != '[' && c != ']' {
			standard = false
		}
		i += n
	}
	return j == len(path), standard
}
