package rfc9111

import (
	"net/http"
	"strings"
	"time"

	"github.com/uncache/uncache/internal/httpdate"
)

// NotModified evaluates the conditions of a GET or HEAD request against a
// response (RFC 9110 §13.2.2): If-None-Match goes before If-Modified-Since,
// which counts only where the other is absent.
func NotModified(req http.Header, etag string, changed, now time.Time) bool {
	if fields := req["If-None-Match"]; len(fields) > 0 {
		return matches(fields, etag)
	}
	if fields := req["If-Modified-Since"]; len(fields) == 1 && !changed.IsZero() {
		since, ok := httpdate.ParseAt(fields[0], now)
		return ok && !changed.After(since)
	}
	return false
}

// matches compares weakly (RFC 9110 §8.8.3.2): W/"a" matches "a".
func matches(fields []string, etag string) bool {
	if len(fields) == 1 {
		// A client sends back as it came what is no entity tag (RFC 9110 §8.8.3):
		// "abc" without its quotes.
		if only := strings.Trim(fields[0], " \t"); only == "*" || only != "" && only == etag {
			return true
		}
	}
	for _, field := range fields {
		for rest := field; rest != ""; {
			var tag string
			tag, rest = NextETag(strings.TrimLeft(rest, " \t,"))
			rest = strings.TrimLeft(rest, " \t")
			if tag == "" || rest != "" && rest[0] != ',' {
				break // what is no list of entity tags matches nothing
			}
			if etag != "" && Opaque(tag) == Opaque(etag) {
				return true
			}
		}
	}
	return false
}

// NextETag takes an entity tag off a list; it returns "" if there is none. A
// tag may contain commas.
func NextETag(s string) (tag, rest string) {
	start := 0
	if strings.HasPrefix(s, "W/") {
		start = 2
	}
	if len(s) <= start || s[start] != '"' {
		return "", ""
	}
	end := strings.IndexByte(s[start+1:], '"')
	if end < 0 {
		return "", ""
	}
	end += start + 2
	return s[:end], s[end:]
}

func Opaque(tag string) string { return strings.TrimPrefix(tag, "W/") }

// ConditionFields are the fields of a request that make its response conditional.
var ConditionFields = []string{"If-None-Match", "If-Modified-Since"}

func HasConditions(h http.Header) bool {
	return len(h["If-None-Match"]) > 0 || len(h["If-Modified-Since"]) > 0
}

// AnswersItself reports whether a request asks what only the handler can
// answer: a condition on changing something (RFC 9110 §13.1.1, §13.1.4).
func AnswersItself(h http.Header) bool {
	return len(h["If-Match"]) > 0 || len(h["If-Unmodified-Since"]) > 0
}

// Upgrades reports whether a request asks for another protocol. Its Connection,
// which is given, has to name that, too (RFC 9110 §7.8).
func Upgrades(h http.Header, connection []string) bool {
	return len(connection) > 0 && len(h["Upgrade"]) > 0
}

// NamesFields reports whether the Connection of a request, which is given, names
// other fields of it (RFC 9110 §7.6.1). A handler that is a proxy drops those, so
// that its answer would not be the one for the fields that the key was made of.
func NamesFields(h http.Header, connection []string) bool {
	if len(connection) == 0 || len(connection) == 1 && (connection[0] == "keep-alive" || connection[0] == "close") {
		return false
	}
	named := false
	ListMembers(h, "Connection", func(member string) bool {
		switch strings.ToLower(member) {
		case "close", "keep-alive", "te", "upgrade", "http2-settings":
		default:
			named = true
		}
		return !named
	})
	return named
}

// IsStrong reports whether tag is a strong entity tag (RFC 9110 §8.8.3).
func IsStrong(tag string) bool {
	whole, rest := NextETag(tag)
	return whole != "" && rest == "" && !strings.HasPrefix(tag, "W/")
}
