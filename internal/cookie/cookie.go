// Package cookie reads Cookie fields by the names of the cookies in them.
//
// It finds more cookies than net/http: those with a malformed value, which
// net/http drops, and those behind a comma (RFC 2965 §3.3.4). A handler, or a
// server behind a proxy, may read them.
package cookie

import (
	"errors"
	"slices"
	"strings"
)

// Check returns an error if name cannot be the name of one cookie (RFC 6265
// §4.1.1). The error does not repeat the name.
func Check(name string) error {
	switch {
	case name == "":
		return errors.New("a cookie without a name")
	case strings.ContainsFunc(name, func(c rune) bool {
		return c <= ' ' || c > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, c)
	}):
		return errors.New("it must be a token of RFC 9110")
	case strings.HasSuffix(name, "*"):
		return errors.New("names are compared whole, there are no patterns")
	}
	return nil
}

// Has reports whether lines, the values of a Cookie field, have a cookie with
// one of these names.
func Has(lines, names []string) bool {
	if len(names) == 0 {
		return false
	}
	for _, line := range lines {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			if counts(pair, names) {
				return true
			}
		}
	}
	return false
}

// counts reports whether a pair, which stands between two semicolons, holds a
// cookie with one of these names.
func counts(pair string, names []string) bool {
	for more := true; more; {
		var part string
		part, pair, more = strings.Cut(pair, ",")
		if slices.Contains(names, nameOf(part)) {
			return true
		}
	}
	return false
}

// nameOf is the name of the cookie in a pair, which need not have a value.
func nameOf(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	return trim(name)
}

// trim removes the optional whitespace of RFC 9110 §5.6.3.
func trim(s string) string { return strings.Trim(s, " \t") }
