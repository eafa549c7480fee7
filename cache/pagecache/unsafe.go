package pagecache

import (
	"bufio"
	"context"
	"io"
	"net"
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

// An unsafeWriter purges what an unsafe request has changed (RFC 9111 §4.4),
// before its visitor sees that it has: whoever follows a redirect to the page
// that he saved must not meet the old one.
type unsafeWriter struct {
	http.ResponseWriter
	c     *Cache
	r     *http.Request
	wrote bool
}

func (u *unsafeWriter) Unwrap() http.ResponseWriter { return u.ResponseWriter }

func (u *unsafeWriter) WriteHeader(code int) {
	if !u.wrote && (code < 100 || code >= 200 || code == http.StatusSwitchingProtocols) {
		u.wrote = true
		if code >= 200 && code < 400 {
			u.c.purgeAfter(u.r, u.Header())
		}
	}
	u.ResponseWriter.WriteHeader(code)
}

func (u *unsafeWriter) Write(b []byte) (int, error) {
	if !u.wrote {
		u.WriteHeader(http.StatusOK)
	}
	return u.ResponseWriter.Write(b)
}

func (u *unsafeWriter) ReadFrom(src io.Reader) (int64, error) {
	if !u.wrote {
		u.WriteHeader(http.StatusOK)
	}
	return io.Copy(u.ResponseWriter, src)
}

// Flush is for handlers that ask for http.Flusher.
func (u *unsafeWriter) Flush() { _ = u.FlushError() }

func (u *unsafeWriter) FlushError() error {
	if !u.wrote {
		u.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(u.ResponseWriter).Flush()
}

// Hijack is for handlers that ask for http.Hijacker. What is said over the
// connection then is beyond us.
func (u *unsafeWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(u.ResponseWriter).Hijack()
	u.wrote = u.wrote || err == nil
	return conn, rw, err
}

// passUnsafe lets the handler answer a request that may change something, and
// purges what it says it has.
func (c *Cache) passUnsafe(next http.Handler, w http.ResponseWriter, r *http.Request) {
	status{fwd: fwdMethod}.add(w.Header(), c.name)
	c.observe(r, status{fwd: fwdMethod}, false)
	u := &unsafeWriter{ResponseWriter: w, c: c, r: r}
	next.ServeHTTP(u, r)
	if !u.wrote {
		u.WriteHeader(http.StatusOK)
	}
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
