package pagecache

import (
	"errors"
	"net/http"
	"slices"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache/internal/background"
	"github.com/uncache/uncache/cache/pagecache/internal/find"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// made returns the response to store of what was recorded, or nil if it must not be
// stored.
func (t *task) made(rec *recorder) *stored.Response {
	rec.settle()
	switch {
	case !rec.recording:
	case !rec.complete():
		rec.drop(reasonIncomplete)
	case t.redirectsToItself(rec):
		rec.drop(reasonRedirect)
	case rec.givesCookieLate():
		rec.drop(rfc9111.ReasonSetCookie)
	}
	if !rec.recording {
		if t.holdsForOthers(rec.policy.Reason) && !rfc9111.IsError(rec.status) && !rfc9111.NeverStored(rec.status) {
			t.forget()
		}
		return nil
	}
	if !rec.stream {
		t.c.memo.Together([]byte(t.id.Primary))
	}
	t.depend(rec.header)
	p := rec.response(t.r.Pattern)
	t.place(p, rec.policyHeader)
	return p
}

// place gives p, whose header is h, the key by which requests like t's find it (RFC 9111
// §4.1), as far as p itself says what selects it.
func (t *task) place(p *stored.Response, h http.Header) {
	t.c.index.Place(p, t.id, t.c.rules.SelectingFields(h), t.r.Header)
}

// depend makes the fill depend on the groups of a response with header h, and on its route.
// The fill has depended on the names of its URL since it began (find.Identity.Deps), and on
// what the handler names since it named it.
func (t *task) depend(h http.Header) {
	groups := groupList(h, "Cache-Groups")
	t.fill.AddGroups(groups...)
	addOriginGroups(t.fill, t.id.Origin, groups)
	t.fill.Add(t.routes()...)
}

// promise says in Cache-Status whether p will be stored, as far as that is known before
// the header is sent.
func (t *task) promise(rec *recorder, p *stored.Response) {
	key := p.Key
	if known := t.c.memo.Fields([]byte(t.id.Primary)); t.varies(p) && known != nil {
		fields := slices.Compact(slices.Sorted(slices.Values(slices.Concat(known, p.Vary))))
		key = string(t.id.Keys.AppendVariant(nil, []byte(t.id.Primary), fields, t.r.Header))
	}
	t.nameKey(key)
	if rec.policy.Reason != storable {
		return
	}
	if t.c.keepFor(p) == 0 {
		t.cacheStatus.detail = string(rfc9111.ReasonNoLifetime)
	} else if may, err := t.c.values.MaySet(t.r.Context(), t.fill); may {
		t.cacheStatus.stored = true
	} else {
		t.cacheStatus.detail = string(find.WhyNot(err, t.fill))
	}
}

// store stores p. If Cache-Status has promised that and it fails, Observe is told.
func (t *task) store(p *stored.Response) {
	var done bool
	var why reason
	if keep := t.c.keepFor(p); keep == 0 {
		why = rfc9111.ReasonNoLifetime
	} else if t.varies(p) {
		done, why = t.c.index.StoreVariant(t.r.Context(), t.id, t.r.Header, p, t.fill, t.seen)
	} else {
		var err error
		done, err = t.c.values.Set(t.r.Context(), p.Key, p, keep, t.fill)
		if !done {
			why = find.WhyNot(err, t.fill)
		}
	}
	if !done {
		t.notStored(why)
	} else {
		// Not before p is stored: a request that knows the key looks for p there, and
		// not for the fill.
		t.c.memo.SetFields([]byte(t.id.Primary), p.Vary)
		t.kept = p
		t.remember(p)
	}
	t.c.memo.SetDeleted([]byte(t.id.Primary), false)
	t.c.memo.Set304([]byte(t.id.Primary), false)
}

// remember lets a purge warm p up, unless the page needs what is outside the cache.
func (t *task) remember(p *stored.Response) {
	if t.c.warm == nil || p.Is(stored.IsPart) {
		return
	}
	seen := t.c.keys.Seen(t.r)
	if why := t.outer.Obstacle(&t.c.rules, seen.URL.Path, p.Route); why != "" {
		t.c.tell(t.r, why)
		t.c.warm.Forget(t.id.Primary)
		return
	}
	t.c.warm.Remember(background.Page{Key: t.id.Primary, Next: t.next, Request: t.r, Seen: seen, Outer: *t.outer, Deps: t.fill.Hashes()})
}

// varies reports whether p is stored beside a note: because it names fields, or others of
// its target URI did. A part never is: a response that varies has no parts.
func (t *task) varies(p *stored.Response) bool {
	return !p.Is(stored.IsPart) && (len(p.Vary) > 0 || t.c.memo.Fields([]byte(t.id.Primary)) != nil)
}

// ErrNotStored is what Observe is told, with the reason as the Detail, when a response was
// not stored whose Cache-Status says "stored". Cache-Status is sent before that is known: a
// cookie may be given while the header is written, or the backend may fail.
var ErrNotStored = errors.New("pagecache: not stored, although Cache-Status says so")

// notStored notes that a promise was not kept, if there was one.
func (t *task) notStored(why reason) {
	t.unstored = why
	t.broken = t.cacheStatus.stored
}

// forget deletes the stale response that was to be replaced: the handler has just said
// something else.
func (t *task) forget() {
	if t.old != nil {
		_ = t.c.values.Delete(t.r.Context(), t.old.Value.Key)
	}
}

// holdsForOthers reports whether a reason will hold for the next request too. Then waiting
// for one another is useless. What is said to a known visitor says nothing about others.
func (t *task) holdsForOthers(r reason) bool {
	return r != rfc9111.ReasonRequest && r != reasonIncomplete && r != rfc9111.ReasonCondition && !t.isPersonal()
}

// redirectsToItself reports whether a response redirects its visitor to the URL that they
// asked for. Behind a proxy that ends TLS, a handler redirects from http to https so: it
// looks at X-Forwarded-Proto, and the cache does not. Stored, the redirect would go round
// for ever.
func (t *task) redirectsToItself(rec *recorder) bool {
	location := rec.header.Get("Location")
	if rec.status < 300 || rec.status > 399 || location == "" {
		return false
	}
	for _, base := range basesOf(t.r) {
		uri, ok := t.c.sameOrigin(&base, t.id.Origin, location, false)
		if ok && slices.Contains(t.id.URIs, uri) {
			return true
		}
	}
	return false
}

// routes returns what a response depends on because of the route that served it. If nothing
// credible says which route that was, it may have been any.
func (t *task) routes() []cache.Dependency {
	var deps []cache.Dependency
	known := t.served.known.Load()
	if pattern := t.r.Pattern; pattern != "" {
		name, credible := t.served.credible(pattern)
		deps = append(deps, cache.Route(name))
		known = known || credible
	}
	if !known {
		deps = append(deps, cache.Route(""))
	}
	return deps
}
