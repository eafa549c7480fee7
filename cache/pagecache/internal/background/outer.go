package background

import (
	"net/http"
	"slices"
	"strings"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
)

// An Outer is what shows of the middleware and the router outside the cache, when a
// request enters it.
//
// In the background a handler runs without them: without the values of a route's
// wildcards, without a session. The page would be nobody's, and everybody would be
// given it. Where an Outer shows that, the page is rendered for visitors only.
type Outer struct {
	Pattern string   // of the router that led here, if it leaves one
	Vary    []string // the lines of Vary
}

// OuterOf returns the Outer of r, whose response has the header h. It does not copy.
func OuterOf(r *http.Request, h http.Header) Outer { return Outer{r.Pattern, h["Vary"]} }

// Clone returns an Outer that shares no memory with o.
func (o Outer) Clone() Outer {
	vary := slices.Clone(o.Vary)
	for i := range vary {
		vary[i] = strings.Clone(vary[i])
	}
	return Outer{strings.Clone(o.Pattern), vary}
}

// Obstacle says why the page at path, which route served, must not be rendered in the
// background, or "".
func (o Outer) Obstacle(rules *rfc9111.Rules, path, route string) string {
	if o.hidesValues(path, route) {
		return "routed by " + o.Pattern
	}
	if len(o.Vary) == 0 {
		return ""
	}
	for _, name := range rules.SelectingFields(http.Header{"Vary": o.Vary}) {
		if !isNegotiated(name) {
			return "Vary: " + name
		}
	}
	return ""
}

// hidesValues reports whether the handler may look for values that the router outside
// the cache has found in the path. ServeMux keeps them in the request. Other routers
// that set Request.Pattern keep them in a context, which they use again.
//
// A pattern without wildcards has no values. But in some routers it may be the last of
// several patterns (chi v5.2.3), and the others had values. It is the only one
//
//   - if it is the whole path
//   - if it is one of ServeMux, as a pattern with a method or a host is
//   - if a router inside the cache has found the way, which it will find again
func (o Outer) hidesValues(path, route string) bool {
	pattern := strings.TrimSuffix(o.Pattern, "{$}")
	switch {
	case o.Pattern == "":
		return false
	case strings.ContainsAny(pattern, "{*"):
		return true
	}
	return strings.HasPrefix(pattern, "/") && pattern != path && route == o.Pattern
}

// isNegotiated reports whether a field in the Vary of middleware outside the cache is
// about what that does with a page: compress it, or say which sites may read it. Any
// other field may select a visitor.
func isNegotiated(name string) bool {
	return name == "Accept-Encoding" || name == "Origin" || strings.HasPrefix(name, "Access-Control-Request-")
}
