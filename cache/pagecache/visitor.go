package pagecache

import (
	"net/http"
	"slices"

	"github.com/uncache/uncache/internal/cookie"
	"github.com/uncache/uncache/keys"
)

// A visitor is somebody whom the handler knows. Options.SessionCookies and
// Options.Visitor say which requests come from one. All others come from strangers.
// What the handler answers a visitor is for that visitor alone, unless the handler
// itself says that it is public:
//
//	made for    said by the handler    given to
//	a stranger  whatever allows it     strangers
//	a visitor   public                 visitors and strangers
//	a visitor   anything else          nobody else

// stranger is what visitorOf returns of a request that no visitor is known by. For any
// other, what it returns is the reason why the page is not for others.
const stranger = storable

// visitorOf says by what the visitor of r is known, or stranger.
func (c *Cache) visitorOf(r *http.Request) reason {
	switch {
	case c.opts.Visitor != nil && c.holds(c.opts.Visitor, r): // first: see keysFor
		return reasonVisitor
	case len(c.opts.SessionCookies) > 0 && cookie.Has(r.Header["Cookie"], c.opts.SessionCookies):
		return reasonSession
	}
	return stranger
}

// keysFor returns what makes the keys of a request, by what visitorOf says of it. Which cookies Options.Visitor looks at is not known: so the handler is given all
// of them, and all are in the key.
func (c *Cache) keysFor(knownBy reason) *keys.Builder {
	if knownBy == reasonVisitor {
		return c.uncut
	}
	return c.keys
}

// cutCookies takes the cookies that do not count out of the header that a fill is given.
// The handler must not put one into a page that others are given.
func (c *Cache) cutCookies(h http.Header, knownBy reason) {
	switch counted, cut := c.keysFor(knownBy).Cookie(h); {
	case !cut:
	case counted == "":
		delete(h, "Cookie")
	default:
		h["Cookie"] = []string{counted}
	}
}

// tellsCookies reports whether a stored response with header h is found by the Cookie of
// its request.
func (c *Cache) tellsCookies(h http.Header) bool {
	return slices.Contains(c.rules.SelectingFields(h), "Cookie") || slices.Contains(c.opts.Keys.Headers(), "Cookie")
}
