package pagecache

import (
	"net/http"
	"slices"
)

// judge applies [Options.judge] to what a handler gave, asks what those around the
// cache have said of the visitor, and who the visitor is. confirmed is the stored
// response whose header is in h, or nil.
func (rec *recorder) judge(status int, h http.Header, confirmed *response) policy {
	var refused bool
	rec.said, refused = rec.page.says()
	rec.recognize()
	p := rec.c.opts.judge(rec.req, status, h, rec.setsCookie(), rec.said.orAs(confirmed), rec.asked, rec.given)
	if p.reason == storable && !rec.c.opts.StoreSetCookie && rec.introduced() && rec.c.opts.tellsCookies(h) {
		p.reason = reasonSetCookie
	}
	rec.tellRotation(rec.header["Set-Cookie"])
	if rec.visitor != storable {
		if p.forVisitors = rec.saysPublic(confirmed); !p.forVisitors && p.reason == storable {
			p.reason = rec.visitor
		}
	}
	if p.concernsBrowsers() || rec.visitor != storable {
		p.words = rec.c.opts.browserWords(h, rec.visitor)
	}
	if refused && p.reason == storable {
		p.reason = reasonDoNotStore
	}
	return p
}

// introduced reports whether somebody around the cache has given the visitor a cookie
// that he did not come with. If the response varies by Cookie it may be the one for
// the new cookie, and not for the old:
//
//  1. a visitor without cookies asks for a page with a form
//  2. the CSRF middleware makes a token, sets it as a cookie, and says Vary: Cookie
//  3. the handler writes the token into the form
//  4. the page is stored for all who have no cookies: with the token of the first
//
// To take a cookie back that he does not have says nothing about him.
func (rec *recorder) introduced() bool {
	for _, line := range rec.before["Set-Cookie"] {
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

// tellsCookies reports whether what is stored of a response with header h is found by
// the Cookie of its request.
func (o *Options) tellsCookies(h http.Header) bool {
	return slices.Contains(o.selectingFields(h), "Cookie") || slices.Contains(o.Keys.Headers(), "Cookie")
}
