package pagecache

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/uncache/uncache/internal/cookie"
)

// A visitor is somebody whom the handler knows. Options.SessionCookies and
// Options.Visitor say which requests come from one; all others come from
// strangers. What the handler answers a visitor is that visitor's alone, unless
// the handler itself says that it is public:
//
//	made for    said by the handler    given to
//	a stranger  whatever allows it     strangers
//	a visitor   public                 visitors and strangers
//	a visitor   anything else          nobody else

// visitorOf says by what the visitor of r is known: storable if r comes from a
// stranger.
func (o *Options) visitorOf(r *http.Request) reason {
	switch {
	case o.Visitor != nil && o.holds(o.Visitor, r): // first: see keysFor
		return reasonVisitor
	case len(o.SessionCookies) > 0 && cookie.Has(r.Header["Cookie"], o.SessionCookies):
		return reasonSession
	}
	return storable
}

// recognize asks once more whether a visitor is behind the request, who was a
// stranger when it came: the handler may have signed them in. Nobody is behind
// what is made in the background.
func (rec *recorder) recognize() {
	if rec.visitor == storable && rec.c.opts.Visitor != nil && !rec.background {
		rec.visitor = rec.c.opts.visitorOf(rec.req)
	}
}

// forbids says why p must not answer r, though it is stored. visitor says by what
// its visitor is known.
func (p *response) forbids(r *http.Request, visitor reason) reason {
	switch {
	case !p.is(isShared) && len(r.Header["Authorization"]) > 0:
		return reasonAuth
	case visitor != storable && !p.is(isForVisitors):
		return visitor
	}
	return storable
}

// isPersonal reports whether t's request says who asks. Nobody waits for its
// response, and it says nothing about the response for others.
func (t *task) isPersonal() bool {
	return t.visitor != storable || len(t.r.Header["Authorization"]) > 0
}

// saysPublic reports whether the handler itself has said that its response is
// public: not somebody around the cache. A handler that confirms a stored
// response has said what it said of that, unless it says something else now.
func (rec *recorder) saysPublic(confirmed *response) bool {
	own := make(http.Header)
	for _, name := range append([]string{"Cache-Control"}, rec.c.opts.Targeted...) {
		values := rec.own(name)
		if len(values) == 0 && confirmed != nil {
			values = confirmed.said(name)
		}
		if len(values) > 0 {
			own[name] = values
		}
	}
	cc, _ := rec.c.opts.control(own)
	return cc.public
}

// own returns the values of a field that the handler has set, or has added to
// those of somebody around the cache.
func (rec *recorder) own(name string) []string {
	values, outer := rec.header[name], rec.before[name]
	switch {
	case same(values, outer):
		return nil
	case len(outer) > 0 && len(values) > len(outer) && slices.Equal(values[:len(outer)], outer):
		return values[len(outer):]
	}
	return values
}

// checkCookies refuses names that no cookie has: they would protect nobody.
func checkCookies(names []string) error {
	for _, name := range names {
		if err := cookie.Check(name); err != nil {
			return fmt.Errorf("%w: SessionCookies names the cookie %q: %w", ErrOptions, name, err)
		}
	}
	return nil
}
