package rfc9111

import (
	"net/http"
	"strings"
)

// Control is what a Cache-Control field says (RFC 9111 §5.2), in a response or
// in a request. Directives that are not known are ignored (§5.2.3).
type Control struct {
	Present         bool // there was such a field at all
	NoStore         bool
	NoCache         bool
	Private         bool
	Public          bool
	MustRevalidate  bool
	ProxyRevalidate bool
	MustUnderstand  bool
	Immutable       bool // RFC 8246
	OnlyIfCached    bool
	MaxAge          Seconds
	SMaxAge         Seconds
	MaxStale        Seconds
	MinFresh        Seconds
	WhileRevalidate Seconds // stale-while-revalidate, RFC 5861 §3
	IfError         Seconds // stale-if-error, RFC 5861 §4

	// Fields are what no-cache and private name, where they name fields: these
	// must not be stored (§5.2.2.4, §5.2.2.7), the rest may be.
	Fields []string
}

// strict reports whether a stale response must not be served, whatever else
// would allow it (§4.2.4).
func (c *Control) strict() bool {
	// §5.2.2.10: s-maxage means proxy-revalidate, too.
	return c.MustRevalidate || c.ProxyRevalidate || c.SMaxAge.Set || c.NoCache
}

// ParseControl reads Cache-Control fields.
//
// Doubt is resolved towards not storing: an argument that is no number makes
// the response stale (§4.2.1), of two that differ the smaller counts.
func ParseControl(fields []string) Control {
	var c Control
	for _, field := range fields {
		c.Present = true
		for rest := field; rest != ""; {
			var name, arg string
			var whole bool
			name, arg, rest, whole = nextDirective(rest)
			c.add(strings.ToLower(name), arg)
			// Who knows what a quote that never ends has swallowed.
			c.NoStore = c.NoStore || !whole
		}
	}
	return c
}

func (c *Control) add(name, arg string) {
	switch name {
	case "no-cache":
		c.qualified(&c.NoCache, arg)
	case "private":
		c.qualified(&c.Private, arg)
	case "max-stale":
		if arg == "" {
			c.MaxStale = Seconds{true, maxSeconds} // §5.2.1.2: any age
			return
		}
		c.MaxStale.narrow(parseSeconds(arg))
	default:
		if flag := c.flag(name); flag != nil {
			*flag = true
		} else if s := c.seconds(name); s != nil {
			s.narrow(parseSeconds(arg))
		}
	}
}

// qualified takes a directive in that may name fields.
func (c *Control) qualified(flag *bool, arg string) {
	n := len(c.Fields)
	for name := range strings.SplitSeq(arg, ",") {
		if name = strings.Trim(name, " \t"); name != "" {
			c.Fields = append(c.Fields, http.CanonicalHeaderKey(name))
		}
	}
	if len(c.Fields) == n {
		*flag = true
	}
}

func (c *Control) flag(name string) *bool {
	switch name {
	case "no-store":
		return &c.NoStore
	case "no-cache":
		return &c.NoCache
	case "private":
		return &c.Private
	case "public":
		return &c.Public
	case "must-revalidate":
		return &c.MustRevalidate
	case "proxy-revalidate":
		return &c.ProxyRevalidate
	case "must-understand":
		return &c.MustUnderstand
	case "immutable":
		return &c.Immutable
	case "only-if-cached":
		return &c.OnlyIfCached
	}
	return nil
}

func (c *Control) seconds(name string) *Seconds {
	switch name {
	case "max-age":
		return &c.MaxAge
	case "s-maxage":
		return &c.SMaxAge
	case "min-fresh":
		return &c.MinFresh
	case "stale-while-revalidate":
		return &c.WhileRevalidate
	case "stale-if-error":
		return &c.IfError
	}
	return nil
}
