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

const detailRotated = "sets a cookie that the fill was not given, since keys.Options.Cookies does not name it: "

// tellRotation tells Observe of a response which sets a cookie that was cut out of
// its request: the visitor's own would be replaced at every fill.
//
//  1. a visitor with the cookie "id=1" asks for a page
//  2. the handler is not given the cookie, takes the visitor for a new one, and
//     sets "id=2"
func (rec *recorder) tellRotation(lines []string) {
	if len(lines) == 0 || rec.c.keysFor(rec.visitor) == rec.c.uncut {
		return
	}
	for _, line := range lines {
		set, err := http.ParseSetCookie(line)
		if err != nil || slices.Contains(rec.c.keys.Cookies(), set.Name) {
			continue
		}
		sent := rec.req.CookiesNamed(set.Name)
		if len(sent) > 0 && !slices.ContainsFunc(sent, func(c *http.Cookie) bool { return c.Value == set.Value }) {
			rec.c.tellOnce(rec.req, detailRotated+set.Name)
		}
	}
}
