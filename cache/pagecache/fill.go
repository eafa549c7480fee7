package pagecache

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/internal/httpdate"
)

// A task has the handler make a response, answers a request with it, and stores
// it.
type task struct {
	c      *Cache
	next   http.Handler
	w      http.ResponseWriter
	r      *http.Request
	id     identity
	fill   *coherent.Fill
	flight *coherent.Flight[*response] // nil where nobody waits
	old    *coherent.Stored[*response] // what is stored, but stale; or nil
	look   status
}

func (t *task) run() {
	if t.flight != nil {
		defer t.flight.Finish(nil, false) // in case the handler panics
	}
	rec := t.render(true)
	switch {
	case rec.hijacked:
	case rec.muted && rec.status != http.StatusNotModified:
		t.serveStale(rec)
	case rec.muted && t.old.Value.confirmedBy(rec.header):
		t.freshen(rec)
	case rec.muted:
		// The 304 speaks of something else. It can't be passed on, since the
		// visitor did not ask for it.
		t.conclude(t.render(false))
	default:
		t.conclude(rec)
	}
}

// render calls the handler. If ask is set, and there is something to validate,
// it is asked whether that is still good.
func (t *task) render(ask bool) (rec *recorder) {
	rec = newRecorder(t)
	// The handler gets a copy: what it does to the header must not change what
	// the response is stored under.
	ctx := context.WithValue(t.r.Context(), originKey{}, t.id.origin)
	inner := t.r.Clone(coherent.WithFill(ctx, t.fill))
	for _, name := range conditionFields {
		delete(inner.Header, name)
	}
	// Nor may it see what is not in the key: that would get into a page which
	// others are given.
	if counts := t.c.keys.Query(inner.URL.RawQuery); counts != inner.URL.RawQuery {
		inner.URL.RawQuery = counts
		inner.RequestURI = inner.URL.RequestURI()
	}
	if t.old != nil {
		old := t.old.Value
		if ask && old.canBeValidated() {
			rec.asks = old
			old.askWhether(inner.Header)
		}
		if old.mayReplaceError(rec.asked) {
			rec.spare = old
			defer rec.catchAbort()
		}
	}
	t.next.ServeHTTP(rec, inner)
	t.r.Pattern = inner.Pattern
	if !rec.hijacked && !rec.wrote {
		rec.WriteHeader(http.StatusOK)
	}
	return rec
}

// catchAbort takes a handler that gave up, such as a proxy whose connection was
// dropped, for one that answered with an error, as long as nobody has seen
// anything of its response.
func (rec *recorder) catchAbort() {
	if rec.released || rec.hijacked {
		return
	}
	switch p := recover(); p {
	case nil:
	case http.ErrAbortHandler:
		rec.wrote, rec.muted, rec.status = true, true, http.StatusBadGateway
	default:
		panic(p)
	}
}

// serveStale answers with the stored response in place of an error (RFC 5861
// §4), and lets those who wait have it too.
func (t *task) serveStale(rec *recorder) {
	if t.flight != nil {
		t.flight.FinishStored(t.old)
	}
	t.look.answer = rec.status
	t.look.detail = "stale-if-error"
	rec.undo()
	p := t.old.Value
	now := rec.asked
	s := p.hit(p.ageAt(now), t.c)
	t.c.serve(t.w, t.r, p, &second{age: s.age, status: p.appendStatus(t.look.format(t.c.name))})
}

// freshen takes the handler's word that the stored response is still good.
func (t *task) freshen(rec *recorder) {
	old := t.old.Value
	t.look.answer = http.StatusNotModified
	pol := t.c.opts.judge(t.r, old.status, old.merged(rec.header), rec.setsCookie(), rec.asked, rec.given)
	p := old.freshened(rec.fields(&pol, false), &pol, rec.given)
	t.old.PassTo(t.fill) // it was made from what it was made from
	t.fill.Add(routeDependencies(t.r.Pattern)...)
	if pol.reason == storable {
		t.store(p)
	} else {
		t.look.detail = string(pol.reason)
		t.forget()
	}
	t.finish(p, pol.reason == storable)
	rec.undo()
	t.c.serve(t.w, t.r, p, &second{status: p.appendStatus(t.look.format(t.c.name))})
}

// conclude answers with what was recorded, and stores it if it may be.
func (t *task) conclude(rec *recorder) {
	if rec.hijacked {
		return
	}
	p := t.keep(rec)
	t.finish(p, p != nil)
	if rec.released {
		return
	}
	if p == nil {
		rec.concludeUnstored()
		return
	}
	rec.released = true
	rec.restoreHeader()
	for i := range p.header {
		if f := &p.header[i]; f.adds {
			rec.w.Header()[f.name] = rec.before[f.name] // serve adds to it
		}
	}
	t.c.serve(t.w, t.r, p, &second{status: p.appendStatus(t.look.format(t.c.name))})
}

// part lets go those who wait for a response that will be of no use to them, as
// soon as that is known: it may go on for hours.
func (t *task) part() {
	if t.flight != nil {
		t.flight.Finish(nil, false)
	}
	t.c.memo.keepApart([]byte(t.id.primary))
}

// finish gives p to those who wait, if it can be used without asking again.
func (t *task) finish(p *response, may bool) {
	may = may && !p.is(isNoCache) && p.life > p.age
	if !may && p != nil {
		t.c.memo.keepApart([]byte(t.id.primary))
	}
	if t.flight != nil {
		t.flight.Finish(p, may)
	}
}

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
		if ofTheResponse(rec.policy.reason) && !isError(rec.status) {
			t.forget()
		}
		return nil
	}
	if !rec.released { // or it flushed, and would be waited for in vain
		t.c.memo.together([]byte(t.id.primary))
	}
	groups := groupList(rec.header, "Cache-Groups")
	t.fill.AddGroups(groups...)
	addOriginGroups(t.fill, t.id.origin, groups)
	t.fill.Add(routeDependencies(t.r.Pattern)...)

	p := rec.response(t.r.Pattern)
	p.vary = t.c.opts.selectingFields(rec.header)
	p.key = t.id.primary
	if len(p.vary) > 0 {
		p.key = string(t.c.keys.AppendVariant(nil, []byte(t.id.primary), p.vary, t.r.Header))
	}
	t.c.memo.setFields([]byte(t.id.primary), p.vary)
	p.finish()
	t.store(p)
	return p
}

// store stores p, and says in the status how that went.
func (t *task) store(p *response) {
	stored, err := t.c.values.Set(t.r.Context(), p.key, p, t.c.keepFor(p), t.fill)
	t.look.stored = stored
	switch {
	case err != nil && !stored:
		t.look.detail = string(reasonStore)
	case !stored:
		t.look.detail = string(reasonPurged) // while it was rendered
	case len(p.vary) > 0:
		t.c.note(t.r.Context(), t.id, p)
	}
	t.c.memo.setDeleted([]byte(t.id.primary), false)
}

// forget deletes the stale response that was to be replaced: the handler has
// just said something else.
func (t *task) forget() {
	if t.old != nil {
		_ = t.c.values.Delete(t.r.Context(), t.old.Value.key)
	}
}

// ofTheResponse reports whether a reason will hold for the next request too, so
// that it is useless to wait for one another.
func ofTheResponse(r reason) bool {
	return r != reasonRequest && r != reasonIncomplete && r != reasonAuth
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
	uri, ok := t.c.sameOrigin(t.r, t.id.origin, location)
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

// response makes the stored response of what was recorded.
func (rec *recorder) response(pattern string) *response {
	p := &response{
		status: rec.status,
		route:  pattern,
		flags:  rec.policy.flags(),
		body:   rec.body,
	}
	if waste := cap(p.body) - len(p.body); waste > len(p.body)/8 {
		p.body = bytes.Clone(p.body) // it will be kept for long
	}
	p.setTimes(&rec.policy, rec.given)
	if len(rec.header["Etag"]) > 0 {
		p.flags |= ownETag
	}
	p.header = rec.fields(&rec.policy, true)
	return p
}

// fields returns the header fields to store. If whole is set they get those
// that a handler leaves to others.
func (rec *recorder) fields(pol *policy, whole bool) []field {
	var list []field
	drop := notStored(rec.header, pol.drop)
	for _, name := range slices.Sorted(maps.Keys(rec.header)) {
		values := rec.header[name]
		outer := rec.before[name]
		switch {
		case drop(name), len(outer) > 0 && same(values, outer):
			// What others around us set, they will set again.
		case len(outer) > 0 && len(values) > len(outer) && slices.Equal(values[:len(outer)], outer):
			// The handler has added to what they set, and will again.
			list = append(list, field{name, slices.Clone(values[len(outer):]), true})
		default:
			list = append(list, field{name, slices.Clone(values), false})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rec.before)) {
		if _, ok := rec.header[name]; !ok {
			list = append(list, field{name: name})
		}
	}
	add := func(name string, value ...string) {
		list = append(list, field{name, value, false})
	}
	if _, ok := rec.header["Date"]; !ok {
		add("Date", rec.given.UTC().Format(http.TimeFormat))
	}
	if !whole {
		return list
	}
	if !pol.explicit {
		add("Cache-Control", "no-cache")
	}
	if _, ok := rec.header["Etag"]; !ok && rec.status == http.StatusOK {
		add("Etag", makeETag(rec.body))
	}
	if _, ok := rec.header["Content-Type"]; !ok && len(rec.body) > 0 && rec.header.Get("Content-Encoding") == "" {
		add("Content-Type", http.DetectContentType(rec.body)) // as net/http would
	}
	return list
}

// notStored returns whether a field must not be stored (RFC 9111 §3.1), or is
// made anew for each response.
func notStored(h http.Header, also []string) func(name string) bool {
	named := slices.Clone(also)
	listMembers(h, "Connection", func(member string) bool {
		named = append(named, http.CanonicalHeaderKey(member))
		return true
	})
	return func(name string) bool {
		switch name {
		case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate",
			"Proxy-Authentication-Info", "Proxy-Authorization", "Te", "Trailer",
			"Transfer-Encoding", "Upgrade", "Content-Length", "Age":
			return true
		}
		return slices.Contains(named, name) || strings.HasPrefix(name, http.TrailerPrefix)
	}
}

func (rec *recorder) concludeUnstored() {
	if rec.mayShorten() {
		changed, _ := httpdate.ParseAt(rec.header.Get("Last-Modified"), rec.given)
		if notModified(rec.req.Header, rec.header.Get("Etag"), changed, rec.given) {
			rec.status = http.StatusNotModified
			rec.body = nil
			delete(rec.header, "Content-Length")
			delete(rec.header, "Content-Type")
		}
	}
	rec.release()
}

// undo takes back what the handler did to the header.
func (rec *recorder) undo() {
	rec.released = true
	h := rec.w.Header()
	clear(h)
	maps.Copy(h, rec.before)
}

// complete reports whether the handler gave a whole response. What was cut
// short must not be stored as if it were one (RFC 9111 §3.3).
func (rec *recorder) complete() bool {
	if rec.failed || rec.req.Context().Err() != nil {
		return false
	}
	for name := range rec.w.Header() {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return false
		}
	}
	declared := rec.header["Content-Length"]
	if len(declared) == 0 {
		return true
	}
	n, err := strconv.Atoi(declared[0])
	return err == nil && n == len(rec.body)
}
