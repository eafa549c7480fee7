package pagecache

import (
	"net/http"
	"strings"

	"github.com/uncache/uncache/internal/sfv"
)

// control is what a Cache-Control field says (RFC 9111 §5.2), in a response or
// in a request. Directives that are not known are ignored (§5.2.3).
type control struct {
	present         bool // there was such a field at all
	noStore         bool
	noCache         bool
	private         bool
	public          bool
	mustRevalidate  bool
	proxyRevalidate bool
	mustUnderstand  bool
	immutable       bool // RFC 8246
	onlyIfCached    bool
	maxAge          seconds
	sMaxAge         seconds
	maxStale        seconds
	minFresh        seconds
	whileRevalidate seconds // stale-while-revalidate, RFC 5861 §3
	ifError         seconds // stale-if-error, RFC 5861 §4

	// fields are what no-cache and private name, where they name fields: these
	// must not be stored (§5.2.2.4, §5.2.2.7), the rest may be.
	fields []string
}

// strict reports whether a stale response must not be served, whatever else
// would allow it (§4.2.4).
func (c *control) strict() bool {
	// §5.2.2.10: s-maxage means proxy-revalidate, too.
	return c.mustRevalidate || c.proxyRevalidate || c.sMaxAge.set || c.noCache
}

// seconds is a delta-seconds value, or absent.
type seconds struct {
	set bool
	n   int64
}

// maxSeconds is what a delta-seconds that overflows counts as (RFC 9111 §1.2.2).
const maxSeconds = 1 << 31

// parseControl reads Cache-Control fields.
//
// Doubt is resolved towards not storing: an argument that is no number makes
// the response stale (§4.2.1), of two that differ the smaller counts.
func parseControl(fields []string) control {
	var c control
	for _, field := range fields {
		c.present = true
		for rest := field; rest != ""; {
			var name, arg string
			var whole bool
			name, arg, rest, whole = nextDirective(rest)
			c.add(strings.ToLower(name), arg)
			// Who knows what a quote that never ends has swallowed.
			c.noStore = c.noStore || !whole
		}
	}
	return c
}

func (c *control) add(name, arg string) {
	switch name {
	case "no-cache":
		c.qualified(&c.noCache, arg)
	case "private":
		c.qualified(&c.private, arg)
	case "max-stale":
		if arg == "" {
			c.maxStale = seconds{true, maxSeconds} // §5.2.1.2: any age
			return
		}
		c.maxStale.narrow(parseSeconds(arg))
	default:
		if flag := c.flag(name); flag != nil {
			*flag = true
		} else if s := c.seconds(name); s != nil {
			s.narrow(parseSeconds(arg))
		}
	}
}

// qualified takes a directive in that may name fields.
func (c *control) qualified(flag *bool, arg string) {
	n := len(c.fields)
	for name := range strings.SplitSeq(arg, ",") {
		if name = strings.Trim(name, " \t"); name != "" {
			c.fields = append(c.fields, http.CanonicalHeaderKey(name))
		}
	}
	if len(c.fields) == n {
		*flag = true
	}
}

func (c *control) flag(name string) *bool {
	switch name {
	case "no-store":
		return &c.noStore
	case "no-cache":
		return &c.noCache
	case "private":
		return &c.private
	case "public":
		return &c.public
	case "must-revalidate":
		return &c.mustRevalidate
	case "proxy-revalidate":
		return &c.proxyRevalidate
	case "must-understand":
		return &c.mustUnderstand
	case "immutable":
		return &c.immutable
	case "only-if-cached":
		return &c.onlyIfCached
	}
	return nil
}

func (c *control) seconds(name string) *seconds {
	switch name {
	case "max-age":
		return &c.maxAge
	case "s-maxage":
		return &c.sMaxAge
	case "min-fresh":
		return &c.minFresh
	case "stale-while-revalidate":
		return &c.whileRevalidate
	case "stale-if-error":
		return &c.ifError
	}
	return nil
}

// parseTargeted reads a targeted cache control field (RFC 9213 §2.1): a
// dictionary of structured fields, by their strict rules. ok is false if the
// field must be ignored, because it is empty or is no dictionary. A directive
// whose value is of another type than it should be is ignored.
func parseTargeted(fields []string) (c control, ok bool) {
	d, err := sfv.ParseDictionary(fields)
	if err != nil || len(d) == 0 {
		return control{}, false
	}
	c.present = true
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
func (o *Options) parseSurrogate(fields []string) (c control, ok bool) {
	c.present = true
	for _, field := range fields {
		for rest := field; rest != ""; {
			var name, arg string
			var whole bool
			name, arg, rest, whole = nextDirective(rest)
			c.noStore, ok = c.noStore || !whole, ok || !whole
			var whose string
			arg, whose, _ = strings.Cut(arg, ";")
			if whose = strings.Trim(whose, " \t"); whose != "" && !strings.EqualFold(whose, o.Name) {
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

// nextDirective takes the first directive off a list. The argument of one that
// is quoted is returned without quotes and escapes, one that is malformed as
// nonsense; whole is false if the quote does not end.
func nextDirective(s string) (name, arg, rest string, whole bool) {
	s = strings.TrimLeft(s, " \t,")
	end := strings.IndexAny(s, ",=")
	if end < 0 {
		end = len(s)
	}
	// What a name goes on with that is no part of one does not hide it: who
	// writes "no-store; private" means something.
	name, _, _ = strings.Cut(s[:end], ";")
	name = strings.TrimRight(name, " \t")
	if end == len(s) || s[end] == ',' {
		return name, "", s[min(end+1, len(s)):], true
	}
	proper := len(name) == end // there is no space around "=" (RFC 9110 §5.6.6)
	s = s[end+1:]
	if quoted := strings.TrimLeft(s, " \t"); !strings.HasPrefix(quoted, `"`) {
		arg, rest, _ = strings.Cut(s, ",")
		if arg = strings.TrimRight(arg, " \t"); !proper {
			arg = nonsense
		}
		return name, arg, rest, true
	} else if len(quoted) < len(s) {
		proper, s = false, quoted
	}
	var b strings.Builder
	i := 1
	for ; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	whole = i < len(s)
	junk, rest, _ := strings.Cut(s[min(i+1, len(s)):], ",")
	if !proper || strings.Trim(junk, " \t") != "" {
		return name, nonsense, rest, whole
	}
	return name, b.String(), rest, whole
}

// nonsense stands for an argument that is none: it is no number, and names no
// fields.
const nonsense = " "

// narrow takes n in, if it is less than what was there.
func (s *seconds) narrow(n int64) {
	if !s.set || n < s.n {
		s.set, s.n = true, n
	}
}

// parseSeconds returns 0 for what is not a number of seconds.
func parseSeconds(s string) int64 {
	n, _ := digits(s)
	return n
}

// digits reads a number without a sign, which counts as maxSeconds if it is
// larger (RFC 9111 §1.2.2).
func digits(s string) (int64, bool) {
	return digitsUpTo(s, maxSeconds)
}

// digitsUpTo reads a number without a sign, which counts as most if it is
// larger. There is room for a digit more than most has.
func digitsUpTo(s string, most int64) (int64, bool) {
	var n int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = min(10*n+int64(s[i]-'0'), most)
	}
	return n, s != ""
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
