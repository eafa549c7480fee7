package pagecache

import (
	"net/http"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/internal/cookie"
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

// visitorOf says by what the visitor of r is known. It is storable for a stranger.
func (c *Cache) visitorOf(r *http.Request) reason {
	switch {
	case c.opts.Visitor != nil && c.holds(c.opts.Visitor, r): // first: see keysFor
		return reasonVisitor
	case len(c.opts.SessionCookies) > 0 && cookie.Has(r.Header["Cookie"], c.opts.SessionCookies):
		return reasonSession
	}
	return storable
}

// forbids says why p must not answer r, though it is stored. visitor says by what
// its visitor is known.
func forbids(p *stored.Response, r *http.Request, visitor reason) reason {
	switch {
	case !p.Is(stored.IsShared) && len(r.Header["Authorization"]) > 0:
		return rfc9111.ReasonAuth
	case visitor != storable && !p.Is(stored.IsForVisitors):
		return visitor
	}
	return storable
}
