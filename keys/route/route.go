package route

import (
	"slices"
	"strings"
)

// A Route is a parsed pattern. It does not change, and is safe for concurrent
// use. The zero Route has no path.
type Route struct {
	pattern   string
	method    string
	host      string
	segments  []segment
	wildcards []string
}

// Pattern returns the pattern as it was given to Parse: what
// [net/http.ServeMux.Handle] is to be given, and what it reports in
// Request.Pattern.
func (r Route) Pattern() string { return r.pattern }

// String returns the pattern.
func (r Route) String() string { return r.pattern }

// Method returns the method that the pattern is limited to, or "". A pattern
// for GET matches HEAD too.
func (r Route) Method() string { return r.method }

// Host returns the host that the pattern is limited to, or "".
func (r Route) Host() string { return r.host }

// Wildcards returns the names of the pattern's wildcards, in its order, without
// dots: one for each value that Path takes. The slice is the caller's.
func (r Route) Wildcards() []string { return slices.Clone(r.wildcards) }

// A segment is what stands between two slashes of a pattern.
type segment struct {
	kind kind
	text string // of a literal, unescaped; of a wildcard, its name
}

type kind int

const (
	literal kind = iota
	single       // {name}
	multi        // {name...}
	slash        // behind a last slash: {$}, or nothing, which matches the subtree
)

func (s segment) String() string {
	switch s.kind {
	case single:
		return "{" + s.text + "}"
	case multi:
		return "{" + s.text + "...}"
	}
	return s.text
}

// MustParse is like [Parse] but panics if the pattern is malformed. It is for
// package-level variables.
func MustParse(pattern string) Route {
	r, err := Parse(pattern)
	if err != nil {
		panic(err.Error())
	}
	return r
}

// takesValue reports whether Path needs a value for s.
func (s segment) takesValue() bool { return s.kind == single || s.kind == multi }

// isDots reports whether s is a dot segment (RFC 3986 §3.3).
func isDots(s string) bool { return s != "" && len(s) <= 2 && strings.Trim(s, ".") == "" }
