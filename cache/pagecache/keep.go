package pagecache

import (
	"net/http"
	"strings"

	"github.com/uncache/uncache/cache"
)

// keep stores what was recorded, if it may be, and returns it then.
func (t *task) keep(rec *recorder) *response {
	if rec.recording && !rec.complete() {
		rec.recording = false
		rec.policy.reason = reasonIncomplete
	}
	if rec.recording && t.redirectsToItself(rec) {
		rec.recording = false
		rec.policy.reason = reasonRedirect
	}
	if !rec.recording {
		if t.holdsForOthers(rec.policy.reason) && !isError(rec.status) && !neverStored(rec.status) {
			t.forget()
		}
		return nil
	}
	if !rec.released { // or it flushed, and would be waited for in vain
		t.c.memo.together([]byte(t.id.primary))
	}
	t.depend(rec.header)
	p := rec.response(t.r.Pattern)
	t.place(p, rec.header)
	t.store(p)
	return p
}

// place gives p, whose header is h, the key by which requests like t's find it
// (RFC 9111 §4.1), as far as p knows by itself what selects.
func (t *task) place(p *response, h http.Header) {
	t.c.place(p, t.id, t.c.opts.selectingFields(h), t.r.Header)
}

// place gives p the key by which requests find it whose values of some fields are
// those in asked.
func (c *Cache) place(p *response, id identity, vary []string, asked http.Header) {
	p.key, p.rare = id.primary, plain
	if len(vary) > 0 {
		p.rare = c.shapes.varying(vary)
		p.key = string(c.keys.AppendVariant(nil, []byte(id.primary), p.vary, asked))
	}
}

// depend makes the fill depend on what a response with header h was made from,
// beside what the handler named itself.
func (t *task) depend(h http.Header) {
	groups := groupList(h, "Cache-Groups")
	t.fill.AddGroups(groups...)
	addOriginGroups(t.fill, t.id.origin, groups)
	t.fill.Add(routeDependencies(t.r.Pattern)...)
}

// store stores p, and says in the status how that went.
func (t *task) store(p *response) {
	var why reason
	if t.varies(p) {
		t.look.stored, why = t.c.storeVariant(t.r.Context(), t.id, t.r.Header, p, t.fill)
	} else {
		stored, err := t.c.values.Set(t.r.Context(), p.key, p, t.c.keepFor(p), t.fill)
		if t.look.stored = stored; !stored {
			why = whyNot(err, t.fill)
		}
	}
	t.nameKey(p.key)
	if !t.look.stored {
		t.look.detail = string(why)
	} else {
		// Not before: who knows the key looks there, and not where the fill is.
		t.c.memo.setFields([]byte(t.id.primary), p.vary)
		t.c.warm.remember(t, p)
	}
	t.c.memo.setDeleted([]byte(t.id.primary), false)
	t.c.memo.setConfirmed([]byte(t.id.primary), false)
}

// varies reports whether p has its place beside a note: it names fields, or others of
// its target URI did. A part is of a response that names none, and is found beside.
func (t *task) varies(p *response) bool {
	return !p.is(isPart) && (len(p.vary) > 0 || t.c.memo.fields([]byte(t.id.primary)) != nil)
}

// forget deletes the stale response that was to be replaced: the handler has
// just said something else.
func (t *task) forget() {
	if t.old != nil {
		_ = t.c.values.Delete(t.r.Context(), t.old.Value.key)
	}
}

// holdsForOthers reports whether a reason will hold for the next request too, so
// that it is useless to wait for one another. What is said to a visitor who is
// known says nothing of those who are not.
func (t *task) holdsForOthers(r reason) bool {
	return r != reasonRequest && r != reasonIncomplete && r != reasonCondition && !t.isPersonal()
}

// redirectsToItself reports whether a response sends its visitor to where he is.
// Behind a proxy that ends TLS, that is how a handler sends him from http to
// https, which it sees in X-Forwarded-Proto and the cache does not: stored, the
// redirect would go round for ever.
func (t *task) redirectsToItself(rec *recorder) bool {
	location := rec.header.Get("Location")
	if rec.status < 300 || rec.status > 399 || location == "" {
		return false
	}
	base := baseURL(t.r)
	uri, ok := t.c.sameOrigin(&base, t.id.origin, location, false)
	return ok && uri == t.id.uri
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
