package pagecache

import (
	"net/http"
	"strings"
)

// directives is what a Cache-Control field says (RFC 9111 §5.2). Directives
// that are not known are ignored (§5.2.3).
type directives struct {
	present        bool // there was such a field at all
	noStore        bool
	noCache        bool // qualified by field names or not: see parseDirectives
	private        bool
	public         bool
	mustRevalidate bool
	mustUnderstand bool
	maxAge         seconds
	sMaxAge        seconds
}

// seconds is a delta-seconds value, or absent.
type seconds struct {
	set bool
	n   int64
}

// maxSeconds is what a delta-seconds that overflows counts as (RFC 9111 §1.2.2).
const maxSeconds = 1 << 31

// parseDirectives reads the Cache-Control fields of a response or a request.
//
// Doubt is resolved towards not storing: an argument that is no number makes
// the response stale (§4.2.1), of two that differ the smaller counts, and
// no-cache and private are taken as a whole when they name single fields, as
// §5.2.2.4 and §5.2.2.7 allow.
func parseDirectives(fields []string) directives {
	var d directives
	for _, field := range fields {
		d.present = true
		for rest := field; rest != ""; {
			var name, arg string
			name, arg, rest = nextDirective(rest)
			switch {
			case strings.EqualFold(name, "no-store"):
				d.noStore = true
			case strings.EqualFold(name, "no-cache"):
				d.noCache = true
			case strings.EqualFold(name, "private"):
				d.private = true
			case strings.EqualFold(name, "public"):
				d.public = true
			case strings.EqualFold(name, "must-revalidate"):
				d.mustRevalidate = true
			case strings.EqualFold(name, "must-understand"):
				d.mustUnderstand = true
			case strings.EqualFold(name, "max-age"):
				d.maxAge.narrow(arg)
			case strings.EqualFold(name, "s-maxage"):
				d.sMaxAge.narrow(arg)
			}
		}
	}
	return d
}

// nextDirective takes the first directive off a list. The argument of one that
// is quoted is returned without quotes and escapes.
func nextDirective(s string) (name, arg, rest string) {
	s = strings.TrimLeft(s, " \t,")
	end := strings.IndexAny(s, ",=")
	if end < 0 {
		return strings.TrimRight(s, " \t"), "", ""
	}
	name = strings.TrimRight(s[:end], " \t")
	if s[end] == ',' {
		return name, "", s[end+1:]
	}
	s = strings.TrimLeft(s[end+1:], " \t")
	if !strings.HasPrefix(s, `"`) {
		arg, rest, _ = strings.Cut(s, ",")
		return name, strings.TrimRight(arg, " \t"), rest
	}
	var b strings.Builder
	i := 1
	for ; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	// What stands between the closing quote and the comma is no part of any
	// directive.
	_, rest, _ = strings.Cut(s[min(i+1, len(s)):], ",")
	return name, b.String(), rest
}

// narrow takes arg in, if it is less than what was there.
func (s *seconds) narrow(arg string) {
	n := parseSeconds(arg)
	if !s.set || n < s.n {
		s.set, s.n = true, n
	}
}

// parseSeconds returns 0 for what is not a number of seconds.
func parseSeconds(s string) int64 {
	if s == "" {
		return 0
	}
	var n int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0
		}
		n = min(10*n+int64(s[i]-'0'), maxSeconds)
	}
	return n
}

// listMembers calls f with each member of the comma-separated lists that
// stand under name, without the space around it, until f returns false.
func listMembers(h http.Header, name string, f func(member string) bool) {
	for _, field := range h[name] {
		for member := range strings.SplitSeq(field, ",") {
			if member = strings.Trim(member, " \t"); member != "" && !f(member) {
				return
			}
		}
	}
}
