package pagecache

import (
	"net/http"
	"slices"
)

// introduced reports whether middleware outside the cache has given the visitor a cookie
// that they did not come with. If the response varies by Cookie it may be the one for the
// new cookie, and not for the old one:
//
//  1. a visitor without cookies asks for a page with a form
//  2. the CSRF middleware makes a token, sets it as a cookie, and says Vary: Cookie
//  3. the handler writes the token into the form
//  4. the page is stored for everybody without cookies, with the token of the first
//
// To take back a cookie that the visitor does not have says nothing about the visitor.
func (rec *recorder) introduced() bool {
	for _, line := range rec.outer["Set-Cookie"] {
		set, err := http.ParseSetCookie(line)
		if err != nil {
			return true
		}
		sent := rec.req.CookiesNamed(set.Name)
		came := slices.ContainsFunc(sent, func(c *http.Cookie) bool { return c.Value == set.Value })
		if !came && (set.MaxAge >= 0 || len(sent) > 0) {
			return true
		}
	}
	return false
}

// setsCookie reports whether the handler set a cookie, and not the middleware outside the
// cache.
func (rec *recorder) setsCookie() bool {
	return !same(rec.header["Set-Cookie"], rec.outer["Set-Cookie"])
}

// givesCookie reports whether now, the lines of Set-Cookie, has one that was not there
// before and says something about the visitor. To take back a cookie that the visitor
// does not have says nothing.
func (rec *recorder) givesCookie(now, before []string) bool {
	if slices.Equal(now, before) {
		return false
	}
	for _, line := range now {
		if slices.Contains(before, line) {
			continue
		}
		set, err := http.ParseSetCookie(line)
		if err != nil || set.MaxAge >= 0 || len(rec.req.CookiesNamed(set.Name)) > 0 {
			return true
		}
	}
	return false
}

// givesCookieLate reports whether a cookie was set after the header had been given, or
// sent. The visitor does not get it, as without a cache, but the page may be about it.
func (rec *recorder) givesCookieLate() bool {
	before := rec.header
	if rec.released {
		before = rec.sent
	}
	return !rec.c.proxy.StoreSetCookie && rec.givesCookie(rec.w.Header()["Set-Cookie"], before["Set-Cookie"])
}

// tellRotation tells Observe of a response which sets a cookie that was cut out of its
// request: each fill would replace the visitor's own.
//
//  1. a visitor with the cookie "id=1" asks for a page
//  2. the handler is not given the cookie, takes the visitor for a new one, and
//     sets "id=2"
func (rec *recorder) tellRotation(lines []string) {
	if len(lines) == 0 || rec.c.keysFor(rec.knownBy) == rec.c.uncut {
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

const detailRotated = "sets a cookie that the fill was not given, since keys.Options.Cookies does not name it: "
