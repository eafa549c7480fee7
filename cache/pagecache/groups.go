package pagecache

import (
	"context"
	"net/http"
	"strings"

	"github.com/uncache/uncache/cache/coherent"
)

// AddGroups names cache groups (RFC 9875) that the page being rendered belongs
// to: what it was made from. It may be called at any moment of the rendering,
// also after the data was read, from any goroutine that the handler waits for.
// Outside a page, or where the page is not going to be stored, it does nothing.
//
// A purge of a group purges every page that named it.
func AddGroups(ctx context.Context, groups ...string) {
	if f := coherent.FillFrom(ctx); f != nil {
		f.AddGroups(groups...)
	}
}

// responseGroups returns the members of a response's Cache-Groups field, a list
// of strings (RFC 9875 §2, RFC 9651 §3.1). Parameters are ignored, as §2 says;
// a field that is no such list names no groups.
func responseGroups(h http.Header) []string {
	s := strings.Join(h["Cache-Groups"], ",")
	var groups []string
	for s = strings.Trim(s, " "); s != ""; {
		name, rest, ok := nextString(s)
		if !ok {
			return nil
		}
		groups = append(groups, name)
		rest = strings.TrimLeft(rest, " \t")
		if rest == "" {
			break
		}
		if rest[0] != ',' {
			return nil
		}
		if s = strings.TrimLeft(rest[1:], " \t"); s == "" {
			return nil // a comma at the end
		}
	}
	return groups
}

// nextString takes a string item off s, and the parameters behind it.
func nextString(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		return "", "", false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			rest = s[i+1:]
			if strings.HasPrefix(rest, ";") {
				// Up to the next comma outside quotes: which parameters they
				// are does not matter.
				quoted := false
				end := strings.IndexFunc(rest, func(r rune) bool {
					if r == '"' {
						quoted = !quoted
					}
					return r == ',' && !quoted
				})
				if end < 0 {
					end = len(rest)
				}
				rest = rest[end:]
			}
			return b.String(), rest, true
		case c == '\\':
			if i++; i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", "", false
			}
			b.WriteByte(s[i])
		case c < 0x20 || c > 0x7e:
			return "", "", false
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}
