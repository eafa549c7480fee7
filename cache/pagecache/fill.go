package pagecache

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// noCache is the Cache-Control of stored responses whose handler gave none. A
// browser can't be purged; it may keep the page, and has to ask (RFC 9111
// §5.2.2.4), which the entity tag makes cheap.
var noCache = []string{"no-cache"}

// fill has the handler render the page, answers the request with it, and stores
// it. flight may be nil, where nobody waits.
func (c *Cache) fill(next http.Handler, w http.ResponseWriter, r *http.Request, primary string, f *coherent.Fill, flight *coherent.Flight[*response], look status) {
	if flight != nil {
		defer flight.Finish(nil, false) // in case the handler panics
	}
	rec := newRecorder(c, w, r, look)
	// The handler gets a copy: what it does to the header must not change what
	// the response is stored under.
	inner := r.Clone(coherent.WithFill(r.Context(), f))
	for _, name := range conditionFields {
		delete(inner.Header, name)
	}
	next.ServeHTTP(rec, inner)
	r.Pattern = inner.Pattern
	if rec.hijacked {
		return
	}
	if !rec.wrote {
		rec.WriteHeader(http.StatusOK)
	}
	p := c.keep(r, rec, primary, inner.Pattern, f)
	if flight != nil {
		flight.Finish(p, p != nil)
	}
	rec.conclude(p)
}

// keep stores what was recorded, if it may be. It returns the response if
// others may have it.
func (c *Cache) keep(r *http.Request, rec *recorder, primary, pattern string, f *coherent.Fill) *response {
	if rec.recording && !rec.complete() {
		rec.recording = false
		rec.policy.reason = reasonIncomplete
	}
	if !rec.recording {
		if ofTheResponse(rec.policy.reason) {
			c.memo.keepApart([]byte(primary))
		}
		return nil
	}
	c.memo.together([]byte(primary))
	f.AddGroups(responseGroups(rec.header)...)
	f.Add(routeDependencies(pattern)...)

	p := rec.response(pattern)
	p.vary = selectingFields(rec.header)
	p.key = primary
	c.memo.setFields([]byte(primary), p.vary)
	if len(p.vary) > 0 {
		p.key = string(c.keys.AppendVariant(nil, []byte(primary), p.vary, r.Header))
	}
	p.finish()
	stored, err := c.put(r.Context(), primary, p, f)
	rec.look.stored = stored
	switch {
	case err != nil && !stored:
		rec.look.detail = string(reasonStore)
	case !stored:
		rec.look.detail = string(reasonPurged) // while it was rendered
	}
	return p
}

// put stores p, and the note which tells that it varies.
func (c *Cache) put(ctx context.Context, primary string, p *response, f *coherent.Fill) (bool, error) {
	ttl := time.Duration(p.life - p.age)
	stored, err := c.values.Set(ctx, p.key, p, ttl, f)
	if stored && len(p.vary) > 0 {
		note := &response{key: primary, note: true, vary: p.vary}
		_, _ = c.values.Set(ctx, primary, note, ttl, f) // coherent tells its Observe
	}
	c.memo.setDeleted([]byte(primary), false)
	return stored, err
}

// ofTheResponse reports whether a reason will hold for the next request too, so
// that it is useless to wait for one another.
func ofTheResponse(r reason) bool {
	return r != reasonRequest && r != reasonIncomplete && r != reasonAuth
}

// routeDependencies returns what a response depends on because of the route
// that served it. A pattern that serves a subtree may have passed the request
// on to a ServeMux of its own, through a copy that this package can't see;
// then, too, the route is not known for certain.
func routeDependencies(pattern string) []cache.Dependency {
	switch {
	case pattern == "":
		return []cache.Dependency{cache.Route("")}
	case strings.HasSuffix(pattern, "/"), strings.HasSuffix(pattern, "...}"):
		return []cache.Dependency{cache.Route(pattern), cache.Route("")}
	}
	return []cache.Dependency{cache.Route(pattern)}
}

// response makes the stored response of what was recorded.
func (rec *recorder) response(pattern string) *response {
	p := &response{
		status: rec.status,
		route:  pattern,
		date:   rec.given.UnixNano(),
		age:    int64(rec.policy.age),
		life:   int64(rec.policy.lifetime),
		shared: rec.policy.shared,
		body:   rec.body,
	}
	if waste := cap(p.body) - len(p.body); waste > len(p.body)/8 {
		p.body = bytes.Clone(p.body) // it will be kept for long
	}
	drop := hopByHop(rec.header)
	for _, name := range slices.Sorted(maps.Keys(rec.header)) {
		values := rec.header[name]
		if drop(name) || rec.before != nil && rec.before[name] != nil && slices.Equal(values, rec.before[name]) {
			continue // what others around us set, they will set again
		}
		p.header = append(p.header, field{name, slices.Clone(values)})
	}
	for _, name := range slices.Sorted(maps.Keys(rec.before)) {
		if _, ok := rec.header[name]; !ok {
			p.header = append(p.header, field{name: name})
		}
	}
	add := func(name string, value ...string) {
		p.header = append(p.header, field{name, value})
	}
	if _, ok := rec.header["Date"]; !ok {
		add("Date", rec.given.UTC().Format(http.TimeFormat))
	}
	if !rec.policy.explicit {
		add("Cache-Control", noCache...)
	}
	if _, ok := rec.header["Etag"]; !ok && p.status == http.StatusOK {
		add("Etag", makeETag(p.body))
	}
	if _, ok := rec.header["Content-Type"]; !ok && len(p.body) > 0 && rec.header.Get("Content-Encoding") == "" {
		add("Content-Type", http.DetectContentType(p.body)) // as net/http would
	}
	return p
}

// conclude sends what is still held back: as the stored response if p is one.
func (rec *recorder) conclude(p *response) {
	if rec.released {
		return
	}
	if p == nil {
		rec.concludeUnstored()
		return
	}
	rec.released = true
	rec.restoreHeader()
	rec.c.serve(rec.w, rec.req, p, &second{status: p.appendStatus(rec.look.format(rec.c.name))})
}

func (rec *recorder) concludeUnstored() {
	changed, _ := http.ParseTime(rec.header.Get("Last-Modified"))
	if rec.mayShorten() && notModified(rec.req.Header, rec.header.Get("Etag"), changed) {
		rec.status = http.StatusNotModified
		rec.body = nil
		delete(rec.header, "Content-Length")
		delete(rec.header, "Content-Type")
	}
	rec.release()
}

// hopByHop returns whether a field must not be stored (RFC 9111 §3.1), or is
// made anew for each response.
func hopByHop(h http.Header) func(name string) bool {
	var named []string
	listMembers(h, "Connection", func(member string) bool {
		named = append(named, http.CanonicalHeaderKey(member))
		return true
	})
	return func(name string) bool {
		switch name {
		case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate",
			"Proxy-Authentication-Info", "Proxy-Authorization", "Te", "Trailer",
			"Transfer-Encoding", "Upgrade", "Content-Length", "Age", "Set-Cookie":
			return true
		}
		return slices.Contains(named, name) || strings.HasPrefix(name, http.TrailerPrefix)
	}
}
