package pagecache

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/uncache/uncache/cache"
)

// isSafe lists the methods that change nothing (RFC 9110 §9.2.1, and the IANA
// registry of methods). What is not known is not safe.
func isSafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace,
		"PROPFIND", "REPORT", "SEARCH", "QUERY":
		return true
	}
	return false
}

// passUnsafe lets the handler answer a request that may change something, and
// purges what it says it has (RFC 9111 §4.4): when it is done, and before the
// visitor sees that it is. Whoever follows a redirect to the page that he saved
// must not meet the old one. A response that is flushed, or large, is sent
// before; then there is a purge before that, and another when it is done.
func (c *Cache) passUnsafe(next http.Handler, w http.ResponseWriter, r *http.Request) {
	t := &task{c: c, w: w, r: r, look: status{fwd: fwdMethod}}
	c.observe(r, t.look, false)
	rec := newRecorder(t)
	// What was asked for, before anybody rewrites it.
	target := c.target(r)
	rec.changed = func() {
		if rec.status >= 200 && rec.status < 400 {
			c.purgeAfter(r, target, rec.header)
		}
	}
	func() {
		defer rec.catchAbort()
		next.ServeHTTP(rec, r)
	}()
	if rec.hijacked {
		return
	}
	rec.end()
	if rec.released {
		rec.changed()
	}
	rec.release()
}

// A target is what an unsafe request was sent to.
type target struct {
	ok     bool // it has a key
	method string
	uri    string
	origin string
	base   url.URL // what references in the response are relative to
}

func (c *Cache) target(r *http.Request) target {
	k := c.keys.Request(r)
	if !k.Valid() { // a query that has no key, but the answer may name other pages
		plain := r.Clone(context.Background())
		plain.URL.RawQuery = ""
		k = c.keys.Request(plain)
	}
	t := target{ok: k.Valid(), method: r.Method, base: baseURL(r)}
	if t.ok {
		t.uri, t.origin = k.URI(), origin(k)
	}
	return t
}

// baseURL is what references in the response to r are relative to.
func baseURL(r *http.Request) url.URL {
	base := *r.URL
	base.Scheme, base.Host = "http", r.Host
	if r.TLS != nil {
		base.Scheme = "https"
	}
	return base
}

// purgeAfter purges what an unsafe request that was answered without error has
// changed: its target URI and, of the same origin, what Location and
// Content-Location name (RFC 9111 §4.4), and the groups in
// Cache-Group-Invalidation (RFC 9875 §3).
func (c *Cache) purgeAfter(r *http.Request, t target, h http.Header) {
	if !t.ok {
		return
	}
	deps := []cache.Dependency{cache.URI(t.uri)}
	for _, name := range []string{"Location", "Content-Location"} {
		if uri, ok := c.sameOrigin(&t.base, t.origin, h.Get(name), c.opts.Transparent); ok {
			deps = append(deps, cache.URI(uri))
		}
	}
	for _, group := range groupList(h, "Cache-Group-Invalidation") {
		deps = append(deps, cache.OriginGroup(t.origin, group))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), c.opts.PurgeTimeout)
	defer cancel()
	err := c.purge(ctx, cache.Event{Dependencies: deps, Reason: t.method + " " + t.uri})
	if err != nil {
		c.report(r, Observation{Forward: fwdMethod, Detail: "purge failed", Err: err})
	}
}

// sameOrigin returns the canonical URI of a reference that is relative to base,
// if it is on own, the host that the request was sent to. Others must not be
// purged: anybody could name them. The scheme counts if strict is set. A handler
// is often behind a proxy that ends TLS, and speaks of its URLs as visitors see
// them: with another scheme than the one that it was asked by.
func (c *Cache) sameOrigin(base *url.URL, own, reference string, strict bool) (string, bool) {
	ref, err := url.Parse(reference)
	if err != nil || reference == "" {
		return "", false
	}
	ref = base.ResolveReference(ref)
	if strict && ref.Scheme != base.Scheme {
		return "", false
	}
	uri, err := c.keys.URI(ref.String())
	if err != nil || !strings.HasPrefix(uri, own+"/") {
		return "", false
	}
	return uri, true
}
