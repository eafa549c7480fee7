package pagecache

import (
	"net/http"
	"slices"

	"github.com/uncache/uncache/keys"
)

// keys returns the builders of keys: the one for which the session cookies count
// beside those of keys.Options.Cookies, and the one for which all do. They are one
// if all cookies count.
func (o *Options) keys() (counting, uncut *keys.Builder, err error) {
	counted := o.Keys.Cookies()
	if counted == nil {
		return o.Keys, o.Keys, nil
	}
	if counting, err = o.Keys.WithCookies(append(counted, o.SessionCookies...)); err != nil {
		return nil, nil, err
	}
	uncut, err = o.Keys.WithCookies(nil)
	return counting, uncut, err
}

// keysFor returns what makes the keys of a request. visitor says by what its
// visitor is known. Nobody can tell which cookies Options.Visitor goes by, so the
// handler is given all of them, and all of them are in the key.
func (c *Cache) keysFor(visitor reason) *keys.Builder {
	if visitor == reasonVisitor {
		return c.uncut
	}
	return c.keys
}

// cutCookies takes the cookies that do not count out of the header that a fill is
// given: the handler must not put one into a page that others are given.
func (c *Cache) cutCookies(h http.Header, visitor reason) {
	switch counted, cut := c.keysFor(visitor).Cookie(h); {
	case !cut:
	case counted == "":
		delete(h, "Cookie")
	default:
		h["Cookie"] = []string{counted}
	}
}

// tellsCookies reports whether what is stored of a response with header h is found by
// the Cookie of its request.
func (c *Cache) tellsCookies(h http.Header) bool {
	return slices.Contains(c.rules.SelectingFields(h), "Cookie") || slices.Contains(c.opts.Keys.Headers(), "Cookie")
}
