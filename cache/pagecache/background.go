package pagecache

import (
	"net/http"
	"strings"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
)

// In the background a handler runs without the request that it was asked by, and
// so without whatever those around the cache have put there for it: the values of
// a route's wildcards, a session. The page would be that of nobody at all, and
// everybody would be given it. So a request that is known to have been worked on
// is answered as if there were no background.

// around is what those around the cache have done before the handler was asked,
// as far as it can be seen.
type around struct {
	pattern string   // of the router that has led here, if there is one
	vary    []string // the lines of Vary
}

// aroundOf returns what has been done by the time that r enters the cache, whose
// response has the header h. It does not copy.
func aroundOf(r *http.Request, h http.Header) around { return around{r.Pattern, h["Vary"]} }

// tied says why the page at path, which was served by route, must not be rendered
// in the background, or "".
func (a around) tied(rules *rfc9111.Rules, path, route string) string {
	if a.hidesValues(path, route) {
		return "routed by " + a.pattern
	}
	if len(a.vary) == 0 {
		return ""
	}
	for _, name := range rules.SelectingFields(http.Header{"Vary": a.vary}) {
		if !isNegotiated(name) {
			return "Vary: " + name
		}
	}
	return ""
}

// hidesValues reports whether the handler may look for values that a router
// around the cache has found in the path. ServeMux keeps them in the request, and
// others, which set Request.Pattern, too, in a context that they use again.
//
// A pattern without wildcards has none to keep. But there are routers in which
// it may be the last of several that led here (chi v5.2.3), of which the others
// had. It is not if it is the whole path; if it is one of ServeMux, as those with
// a method or a host are; or if a router inside of the cache has found the way,
// which it will find again.
func (a around) hidesValues(path, route string) bool {
	pattern := strings.TrimSuffix(a.pattern, "{$}")
	switch {
	case a.pattern == "":
		return false
	case strings.ContainsAny(pattern, "{*"):
		return true
	}
	return strings.HasPrefix(pattern, "/") && pattern != path && route == a.pattern
}

// isNegotiated reports whether a field in the Vary of somebody around the cache
// tells of what he does with a page, and not of what he tells the handler: he
// compresses it, or says who may read it. Any other may select a visitor.
func isNegotiated(name string) bool {
	return name == "Accept-Encoding" || name == "Origin" || strings.HasPrefix(name, "Access-Control-Request-")
}
