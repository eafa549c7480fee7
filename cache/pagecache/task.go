package pagecache

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/internal/httpdate"
)

// A task has the handler make a response, answers a request with it, and stores
// it.
type task struct {
	c       *Cache
	next    http.Handler
	w       http.ResponseWriter
	r       *http.Request
	id      identity
	visitor reason // by what the visitor is known, see visitorOf
	fill    *engine.Fill
	flight  *engine.Flight[*response] // nil where nobody waits; who entered it ends it in case of a panic
	old     *engine.Stored[*response] // what is stored, but stale; or nil
	look    status
	page    *page   // what the handler says through its context
	before  *around // what had been done when the handler was first asked
	served  served  // which route has served it
}

// nameKey puts a key into Cache-Status, where that is wanted.
func (t *task) nameKey(key string) {
	if t.c.opts.StatusKey {
		t.look.key = key
	}
}

func (t *task) run() {
	t.dropPurged()
	ask := t.question()
	rec := t.render(ask)
	for rec.muted && rec.status == http.StatusNotModified {
		if from := t.chosen(rec, ask); from != nil && !rec.gaveUp {
			t.freshen(rec, from)
			return
		}
		// The 304 speaks of something else. It can't be passed on, since the
		// visitor did not ask for it.
		rec.undo()
		ask = ask.again(rec)
		rec = t.render(ask)
	}
	switch {
	case rec.hijacked:
	case rec.muted:
		t.serveStale(rec)
	default:
		t.conclude(rec)
	}
}

// dropPurged forgets a stored response that was purged since it was looked up:
//
//  1. the response of position 7 is looked up
//  2. event 8 names its group, and another request reads the log
//  3. the fill begins, with stamp 8
//  4. the handler answers 304: it knows nothing of the group
//
// With the fill's stamp the old response would be good again.
func (t *task) dropPurged() {
	if t.old != nil && t.c.values.Judge(t.old) == engine.Purged {
		t.old = nil
		t.look.fwd, t.look.detail = fwdMiss, string(reasonPurged)
	}
}

// confirms reports whether a 304 speaks of the selected response, and whether the
// fields that it names are among those that have selected it: by others, the request
// might have selected another response.
func (t *task) confirms(rec *recorder) bool {
	old := t.old.Value
	if !old.confirmedBy(rec.header) {
		return false
	}
	for _, name := range t.c.opts.selectingFields(t.c.opts.merged(old, rec.header)) {
		if !slices.Contains(old.vary, name) {
			return false
		}
	}
	return true
}

// render calls the handler, and asks it what there is to ask.
func (t *task) render(ask question) (rec *recorder) {
	rec = newRecorder(t)
	inner := t.inner()
	if !t.passesConditions(ask) {
		for _, name := range conditionFields {
			delete(inner.Header, name)
		}
	}
	// The response is to be whole; a visitor who wants a part gets it from that.
	delete(inner.Header, "Range")
	delete(inner.Header, "If-Range")
	rec.asks = ask.asks()
	ask.put(inner.Header, t.old)
	if t.old != nil && t.old.Value.mayReplaceError(rec.asked) {
		rec.spare = t.old.Value
	}
	defer rec.catchAbort()
	t.next.ServeHTTP(rec, inner)
	t.r.Pattern = inner.Pattern
	rec.end()
	return rec
}

// end does for a handler that wrote nothing what net/http is going to.
func (rec *recorder) end() {
	switch {
	case rec.hijacked, rec.wrote:
	case rec.raw: // it wrote elsewhere, if at all
		rec.wrote, rec.released = true, true
		rec.status, rec.header = http.StatusOK, maps.Clone(rec.w.Header())
	default:
		rec.WriteHeader(http.StatusOK)
	}
}

// newPage returns the page of a rendering that begins.
func (t *task) newPage() *page {
	t.page = &page{origin: t.id.origin}
	if flight := t.flight; flight != nil {
		t.page.stop = func() { flight.Finish(nil, false) }
	}
	return t.page
}

// inner is the request that the handler gets. It is a copy: what the handler does
// to the header must not change what the response is stored under. Nor may it see
// what is not in the key: that would get into a page which others are given.
func (t *task) inner() *http.Request {
	ctx := context.WithValue(t.r.Context(), pageKey{}, t.page)
	ctx = context.WithValue(ctx, servedKey{}, &t.served)
	if ctx.Value(http.ServerContextKey) == nil {
		ctx = serverless{ctx, &t.page.sought}
	}
	if t.served.r == nil {
		t.served.r, t.served.paths = t.r, t.id.paths
	}
	inner := t.c.keys.Seen(t.r).Clone(engine.WithFill(ctx, t.fill))
	t.c.cutCookies(inner.Header, t.visitor)
	return inner
}

// passesConditions reports whether the handler is to see the visitor's own
// conditions. They are hidden from it, so that there is a response to store, and
// are evaluated when that is there. But RFC 9111 §4.3.2: where nothing is stored,
// a condition is meant for the server behind a proxy. If that answers 304, the
// next fill is whole, or nothing would ever be stored of what all visitors have.
func (t *task) passesConditions(ask question) bool {
	return t.c.opts.Transparent && t.old == nil && !ask.asks() && !t.c.memo.wasConfirmed([]byte(t.id.primary))
}

// catchAbort takes a handler that gave up with http.ErrAbortHandler, such as a
// proxy whose connection was dropped, for one that answered with an error, if
// there is something to serve instead and nobody has seen anything of its
// response. Otherwise what was held back of that is sent before the connection
// is closed, as it would have been without a cache: half of a download is half
// of a download, and can be resumed.
//
// What a handler wrote before any other panic is not sent. Whoever recovers
// around the cache can answer with an error, which he could not if half of a
// page had been sent as a success.
func (rec *recorder) catchAbort() {
	if rec.released || rec.hijacked || rec.raw {
		return
	}
	p := recover()
	switch {
	case p == nil:
	case p == http.ErrAbortHandler && rec.spare != nil:
		rec.wrote, rec.muted, rec.status = true, true, http.StatusBadGateway
	case p == http.ErrAbortHandler && rec.wrote && !rec.muted:
		rec.recording, rec.policy.reason = false, reasonIncomplete
		rec.release()
		panic(p)
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
	t.look.detail = string(reasonStaleIfError)
	rec.undo()
	p := t.old.Value
	age := p.ageAt(time.Now())
	t.look.stale, t.look.ttl = true, p.ttl(age)
	s := t.says(p)
	s.age = t.c.age(age)
	t.c.serve(t.w, t.r, p, s)
}

// freshen takes the handler's word that a stored response is still good.
func (t *task) freshen(rec *recorder, from *engine.Stored[*response]) {
	t.look.answer = http.StatusNotModified
	p := t.confirmed(rec, from)
	t.visitor = rec.visitor
	if rec.policy.reason != storable {
		t.look.detail = string(rec.policy.reason)
		if t.holdsForOthers(rec.policy.reason) {
			t.forget()
		}
	}
	rec.undo()
	for _, name := range rec.policy.drop { // not stored, but for this visitor
		if values := rec.header[name]; len(values) > 0 {
			t.w.Header()[name] = values
		}
	}
	t.promise(rec, p)
	s := t.says(p)
	if p.age > 0 { // what confirmed it was a cache itself
		s.age = t.c.age(p.ageAt(rec.given))
	}
	t.answer(rec, p, s)
}

// confirmed makes a response of a stored one and of what confirmed it, to be
// stored in the place of the one that the request selects. A variant that other
// requests select stays as it is, since this 304 was not for them (RFC 9111
// §4.3.4).
func (t *task) confirmed(rec *recorder, from *engine.Stored[*response]) *response {
	old := from.Value
	merged := t.c.opts.merged(old, rec.header)
	rec.policy, rec.judged, rec.confirmed = rec.judge(int(old.status), merged, old), merged, old
	p := old.freshened(rec.fields(&rec.policy, false), &rec.policy, rec)
	t.place(p, merged)
	from.PassTo(t.fill) // it was made from what it was made from
	t.depend(rec.header)
	return p
}

// conclude answers with what was recorded, and stores it if it may be.
func (t *task) conclude(rec *recorder) {
	p := t.made(rec)
	switch {
	case rec.released: // and looked at
		if p != nil {
			t.store(p)
		}
		t.finish(rec, p, p != nil)
	case p == nil:
		t.finish(rec, nil, false)
		rec.concludeUnstored()
	default:
		rec.released = true
		rec.restoreHeader()
		for _, f := range p.header.list() {
			if f.adds {
				rec.w.Header()[f.name] = rec.before[f.name] // serve adds to it
			}
		}
		t.promise(rec, p)
		t.answer(rec, p, t.says(p))
	}
}

// answer sends p, the response that rec was made for. What may be stored is stored
// when its header was sent, see recorder_header.go.
func (t *task) answer(rec *recorder, p *response, s says) {
	t.c.serve(&afterHeader{t.w, func(sent http.Header) {
		t.storeAfterHeader(rec, p, sent)
		t.finish(rec, p, rec.policy.reason == storable)
	}}, t.r, p, s)
}

// storeAfterHeader stores p if it still may be when its header was sent.
func (t *task) storeAfterHeader(rec *recorder, p *response, sent http.Header) {
	if rec.policy.reason != storable {
		return
	}
	pol, judged := rec.lookAgain(rec.policy, int(p.status), rec.judged, sent)
	if rec.policy = pol; pol.reason != storable {
		t.notStored(pol.reason)
		return
	}
	if !same(judged["Vary"], rec.judged["Vary"]) {
		t.place(p, judged)
	}
	rec.judged = judged
	p.bind(&pol, rec)
	t.store(p)
}

// bind has p keep to a policy that was narrowed since it was made.
func (p *response) bind(pol *policy, rec *recorder) {
	p.setTimes(pol, rec.given)
	p.setLead(rec.c.opts.EarlyRefresh)
	const bound = isShared | isNoCache | isStrict | isForVisitors | isTold
	p.flags = p.flags&^bound | pol.flags()&bound
}

// says returns the header values of a response that the handler was asked for.
func (t *task) says(p *response) says {
	return says{status: p.appendStatus(t.look.format(t.c.name))}
}

// part lets waiting requests go when it is known that a response will be of no use to
// them: it may go on for hours.
func (t *task) part(rec *recorder) {
	if t.id.primary == "" {
		return // an unsafe request, for which nobody waits
	}
	t.visitor = rec.visitor // whom the handler may have signed in
	if t.flight != nil {
		t.endWithout(rec)
	}
	if rec.status == http.StatusNotModified {
		t.c.memo.setConfirmed([]byte(t.id.primary), true)
	}
	if reason := rec.policy.reason; t.holdsForOthers(reason) && !isError(rec.status) {
		t.c.memo.keepApart([]byte(t.id.primary))
	}
}

// finish gives p to the requests that wait, if it can be used without asking again,
// and no transaction of t's request is open, which p may show.
func (t *task) finish(rec *recorder, p *response, may bool) {
	may = may && !p.is(isNoCache) && p.life > p.age
	if !may && p != nil && !t.isPersonal() {
		t.c.memo.keepApart([]byte(t.id.primary))
	}
	switch {
	case t.flight == nil:
	case may && !cache.Bypassed(t.r.Context()):
		t.flight.Took(time.Since(rec.asked) - rec.sending)
		t.flight.Finish(p, true)
	default:
		t.endWithout(rec)
	}
}

// endWithout ends the flight of a response that is not for others. Where that says
// something about this request alone, one of those that wait makes the next.
func (t *task) endWithout(rec *recorder) {
	if reason := rec.policy.reason; rec.failed || reason == reasonCondition || reason == reasonRequest {
		t.flight.Finish(nil, false)
		return
	}
	t.endFlight()
}

// endFlight ends a flight that has not ended, after a panic for one: without a value.
// If the visitor has left, or has a transaction open, that is no failure of the page.
func (t *task) endFlight() {
	if ctx := t.r.Context(); ctx.Err() != nil || cache.Bypassed(ctx) {
		t.flight.Finish(nil, false)
		return
	}
	t.flight.LetGo()
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
