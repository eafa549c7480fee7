package pagecache

import (
	"context"
	"maps"
	"net/http"
	"strings"
)

// skips reports whether Options.Skip says true of r.
func (c *Cache) skips(r *http.Request) bool { return c.opts.Skip != nil && c.holds(c.opts.Skip, r) }

// holds reports whether a condition is true of r: as it came, or as a handler is shown it.
// Otherwise a spelling that slips past Skip ("Host: admin.test:80") would share a page with
// requests that do not.
func (c *Cache) holds(condition func(*http.Request) bool, r *http.Request) bool {
	if condition(r) {
		return true
	}
	seen := c.opts.Keys.Seen(r)
	return seen != r && condition(seen)
}

// maxURL is how long the URL of a request may be, in bytes: its host, path and query. RFC
// 9110 §4.1 asks for 8,000 at least. A request with a longer one passes, and nothing is
// stored for it: a page depends on each prefix of its path, and a server may allow a
// megabyte of them.
const maxURL = 8 << 10

// isLong reports whether the URL of r is too long for the cache: as the client sent it, or
// as middleware outside the cache has left it.
func isLong(r *http.Request) bool {
	u := r.URL
	if u == nil {
		return false
	}
	path := max(len(u.Path), len(u.RawPath), len(u.Opaque))
	return max(len(r.Host), len(u.Host))+max(path+len(u.RawQuery), len(r.RequestURI)) > maxURL
}

// neverStored reports whether Options.Skip says that nothing is stored for a GET of the URL
// that r, an unsafe request, was sent to. Then the purge of that URL would be work for
// nothing, which anybody can cause.
//
// Skip may look at more than the URL. It is asked about three requests, and must say true
// of each: one without any field, one as a browser sends it for a stranger, and r itself as
// a GET. What it says of somebody who is signed in says nothing about what is stored for
// others.
func (c *Cache) neverStored(r *http.Request) bool {
	if c.opts.Skip == nil {
		return false
	}
	ctx := context.Background()
	for _, key := range []any{http.ServerContextKey, http.LocalAddrContextKey} {
		ctx = context.WithValue(ctx, key, r.Context().Value(key))
	}
	own := maps.Clone(r.Header)
	for name := range own {
		if strings.HasPrefix(name, "Content-") {
			delete(own, name)
		}
	}
	return c.skipsGet(r, ctx, make(http.Header)) && c.skipsGet(r, ctx, browserFields()) && c.skipsGet(r, r.Context(), own)
}

// browserFields are those of a browser that asks for a page.
func browserFields() http.Header {
	return http.Header{
		"Accept":          {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
		"Accept-Encoding": {"gzip, deflate, br"},
		"Accept-Language": {"en"},
		"User-Agent":      {"Mozilla/5.0"},
	}
}

// skipsGet asks Skip about a GET of what r was sent to, as a handler is shown it. All who
// share the page are asked about in that form, while r may be spelled so that r alone is
// skipped. A Skip that panics, because it expects what middleware puts into each context,
// has not said true.
func (c *Cache) skipsGet(r *http.Request, ctx context.Context, h http.Header) (skips bool) {
	defer func() { _ = recover() }() // the question is ours, and not the visitor's
	get := r.Clone(ctx)
	get.Method, get.Header = http.MethodGet, h
	get.Body, get.GetBody, get.ContentLength, get.TransferEncoding, get.Trailer = http.NoBody, nil, 0, nil, nil
	get.Form, get.PostForm, get.MultipartForm = nil, nil, nil
	return c.opts.Skip(c.keys.Seen(get))
}
