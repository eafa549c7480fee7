package rfc9111

import (
	"strings"

	"github.com/uncache/uncache/internal/sfv"
)

// parseTargeted reads a targeted cache Control field (RFC 9213 §2.1): a
// dictionary of structured fields, by their strict rules. ok is false if the
// field must be ignored, because it is empty or is no dictionary. A directive
// whose value is of another type than it should be is ignored.
func parseTargeted(fields []string) (c Control, ok bool) {
	d, err := sfv.ParseDictionary(fields)
	if err != nil || len(d) == 0 {
		return Control{}, false
	}
	c.Present = true
	for _, m := range d {
		flag, number := c.flag(m.Key), c.seconds(m.Key)
		switch {
		case flag != nil && m.Kind == sfv.Boolean && m.Number == 1:
			*flag = true
		case m.Kind == sfv.String && (m.Key == "no-cache" || m.Key == "private"):
			c.qualified(flag, m.Text)
		case number != nil && m.Kind == sfv.Integer:
			number.narrow(min(max(m.Number, 0), maxSeconds))
		}
	}
	return c, true
}

// surrogateControl is a field that reverse proxies were spoken to with before
// there was RFC 9213 (W3C Edge Architecture 1.0, §2.3).
const surrogateControl = "Surrogate-Control"

// parseSurrogate reads Surrogate-Control fields: a list as in Cache-Control, of
// directives that may name the proxy they are for behind a semicolon, with an
// age that may go on with "+" and for how long it may be stale. ok is false if
// nothing is said about storing. Most often only what has to be done with the
// body is, content="ESI/1.0", and that must not set a private of Cache-Control
// aside.
func (r *Rules) parseSurrogate(fields []string) (c Control, ok bool) {
	c.Present = true
	for _, field := range fields {
		for rest := field; rest != ""; {
			var name, arg string
			var whole bool
			name, arg, rest, whole = nextDirective(rest)
			c.NoStore, ok = c.NoStore || !whole, ok || !whole
			var whose string
			arg, whose, _ = strings.Cut(arg, ";")
			if whose = strings.Trim(whose, " \t"); whose != "" && !strings.EqualFold(whose, r.Name) {
				continue
			}
			switch name = strings.ToLower(name); name {
			case "max-age":
				arg, _, _ = strings.Cut(arg, "+")
				ok = true
			case "no-store", "no-cache", "private":
				ok = true
			}
			c.add(name, arg)
		}
	}
	return c, ok
}
