package pagecache

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/uncache/uncache/cache"
)

// isSafe lists the methods that change nothing (RFC 9110 §9.2.1, and the IANA registry of
// methods). A method that is not known is not safe.
func isSafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace,
		"PROPFIND", "REPORT", "SEARCH", "QUERY":
		return true
	}
	return false
}

// passUnsafe lets the handler answer a request that may change something, and purges what
// that has changed (RFC 9111 §4.4). It purges after the handler is done and before the
// visitor sees the answer: the redirect to a saved page must not lead to the old one.
//
// A response that is flushed, or large, is sent before the handler is done. Then there is a
// purge before that, and another one when the handler is done.
func (c *Cache) passUnsafe(next http.Handler, w http.ResponseWriter, r *http.Request) {
	said := status{fwd: fwdMethod}
	rec := newRecorder(c, w, r, &said, new(remarks))
	o := Observation{Forward: fwdMethod}
	defer func() {
		o.Pattern, o.Status, o.Bytes = r.Pattern, rec.status, rec.bytes
		c.over(w, r, &o, false)
	}()
	// What was asked for, before the handler can change it.
	target := c.target(r)
	rec.changed = func() {
		if rec.status >= 200 && rec.status < 400 {
			o.Err = errors.Join(o.Err, c.purgeAfter(r, target, rec.header))
		}
	}
	func() {
		defer rec.catchAbort()
		defer func() { o.Handler = rec.took() }()
		passing(next, rec, r)
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

// purgeAfter purges what an unsafe request has changed that was answered without error: its
// target URI; what Location and Content-Location name of the same origin (RFC 9111 §4.4);
// and the groups in Cache-Group-Invalidation (RFC 9875 §3).
func (c *Cache) purgeAfter(r *http.Request, t target, h http.Header) error {
	deps := slices.Clone(t.deps)
	for _, name := range []string{"Location", "Content-Location"} {
		deps = append(deps, c.referred(&t, h.Get(name))...)
	}
	for _, group := range groupList(h, "Cache-Group-Invalidation") {
		switch {
		case t.origin != "":
			deps = append(deps, cache.OriginGroup(t.origin, group))
		case !c.proxy.Transparent: // the handler of this process has no other origin's groups
			deps = append(deps, cache.Group(group))
		}
	}
	if len(deps) == 0 {
		return nil
	}
	slices.Sort(deps)
	e := cache.Event{Dependencies: slices.Compact(deps), Reason: t.method + " " + t.name}
	return c.purgeShared(r.Context(), e)
}

// purgeShared purges e after an unsafe request with the context of, within
// Options.PurgeTimeout. It goes on after the client has gone away.
func (c *Cache) purgeShared(of context.Context, e cache.Event) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(of), c.opts.PurgeTimeout)
	defer cancel()
	var malformed, err error
	e.Dependencies, malformed = c.canonical(e.Dependencies)
	e = e.Bounded() // the gatherer holds it
	if Warming(of) {
		err = c.purgeCanonical(ctx, e) // its context says so
	} else {
		err = c.shared.do(ctx, e)
	}
	return errors.Join(err, malformed)
}
