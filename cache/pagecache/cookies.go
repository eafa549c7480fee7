package pagecache

import (
	"net/http"
	"slices"

	"github.com/uncache/uncache/keys"
)

// keysFor returns what makes the keys of a request. visitor says by what its visitor is
// known. Which cookies Options.Visitor looks at is not known: so the handler is given all
// of them, and all are in the key.
func (c *Cache) keysFor(visitor reason) *keys.Builder {
	if visitor == reasonVisitor {
		return c.uncut
	}
	return c.keys
}

// cutCookies takes the cookies that do not count out of the header that a fill is given.
// The handler must not put one into a page that others are given.
func (c *Cache) cutCookies(h http.Header, visitor reason) {
	switch counted, cut := c.keysFor(visitor).Cookie(h); {
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
