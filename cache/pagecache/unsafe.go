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
// purges what it says it has (RFC 9111 §4.4), before the visitor sees that it
// has: whoever follows a redirect to the page that he saved must not meet the
// old one.
func (c *Cache) passUnsafe(next http.Handler, w http.ResponseWriter, r *http.Request) {
	st := status{fwd: fwdMethod}
	c.observe(r, st, false)
	p := &passWriter{ResponseWriter: w, then: func(code int) {
		st.add(w.Header(), c.name)
		if code >= 200 && code < 400 {
			c.purgeAfter(r, w.Header())
		}
	}}
	next.ServeHTTP(p, r)
	p.finish()
}

// purgeAfter purges what an unsafe request that was answered without error has
// changed: its target URI and, of the same origin, what Location and
// Content-Location name (RFC 9111 §4.4), and the groups in
// Cache-Group-Invalidation (RFC 9875 §3).
func (c *Cache) purgeAfter(r *http.Request, h http.Header) {
	k := c.keys.Request(r)
	if !k.Valid() {
		return
	}
	deps := []cache.Dependency{cache.URI(k.URI())}
	for _, name := range []string{"Location", "Content-Location"} {
		if uri, ok := c.sameOrigin(r, origin(k), h.Get(name)); ok {
			deps = append(deps, cache.URI(uri))
		}
	}
	for _, group := range groupList(h, "Cache-Group-Invalidation") {
		deps = append(deps, cache.OriginGroup(origin(k), group))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), c.opts.PurgeTimeout)
	defer cancel()
	err := c.Purge(ctx, cache.Event{Dependencies: deps, Reason: r.Method + " " + k.URI()})
	if err != nil && c.opts.Observe != nil {
		c.opts.Observe(r, Observation{Forward: fwdMethod, Detail: "purge failed", Err: err})
	}
}

// sameOrigin returns the canonical URI of a reference in a response to r, if it
// is on own, the host that r was sent to. Others must not be purged: anybody could
// name them. The scheme does not count; it is often that of a proxy before us.
func (c *Cache) sameOrigin(r *http.Request, own, reference string) (string, bool) {
	ref, err := url.Parse(reference)
	if err != nil || reference == "" {
		return "", false
	}
	base := *r.URL
	base.Scheme, base.Host = "http", r.Host
	uri, err := c.keys.URI(base.ResolveReference(ref).String())
	if err != nil || !strings.HasPrefix(uri, own+"/") {
		return "", false
	}
	return uri, true
}
