package pagecache

import (
	"net/http"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/background"
	"github.com/uncache/uncache/cache/pagecache/internal/find"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// A task has the handler make a response, answers a request with it, and stores it:
// after the header is sent and before the body is, see recorder_header.go. A response that
// the handler flushes is stored when the handler is done.
type task struct {
	c           *Cache
	next        http.Handler
	w           http.ResponseWriter
	r           *http.Request
	id          find.Identity
	knownBy     reason    // by what the visitor is known, see visitorOf
	seen        find.Seen // by the lookup
	fill        *engine.Fill
	flight      *engine.Flight[*stored.Response] // nil where nobody waits; endFlight ends it in case of a panic
	old         *engine.Stored[*stored.Response] // what is stored, but stale; or nil
	cacheStatus status
	remarks     *remarks          // what the handler says through its context
	outer       *background.Outer // when the handler was first asked; nil unless pages are warmed
	served      served            // which route has served it
	kept        *stored.Response  // what was stored, or nil
	unstored    reason            // why nothing was, where HTTP allowed it
	tally
}

// nameKey puts a key into Cache-Status, if Options.StatusKey is set.
func (t *task) nameKey(key string) {
	if t.c.opts.StatusKey {
		t.cacheStatus.key = key
	}
}

func (t *task) run() {
	t.dropPurged()
	ask := t.question()
	rec := t.render(ask)
	for rec.replaced && rec.status == http.StatusNotModified {
		if from := t.chosen(rec, ask); from != nil && !rec.gaveUp {
			t.done = true
			t.freshen(rec, from)
			t.c.note(t, rec)
			return
		}
		// The 304 is about something else. It can't be passed on, since the visitor
		// did not ask for it.
		rec.undo()
		ask = ask.again(rec)
		rec = t.render(ask)
	}
	t.done = true
	switch {
	case rec.hijacked:
	case rec.replaced:
		t.serveStale(rec)
	default:
		t.conclude(rec)
		t.c.note(t, rec)
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
		t.cacheStatus.fwd, t.cacheStatus.detail = fwdMiss, string(find.ReasonPurged)
	}
}

// isPersonal reports whether t's request says who asks. Nobody waits for its response,
// which says nothing about the response for others.
func (t *task) isPersonal() bool {
	return t.knownBy != stranger || len(t.r.Header["Authorization"]) > 0
}

// alone has the handler answer one request. It waits for no other request, and no other
// waits for it. The response is stored if it may be.
func (c *Cache) alone(next http.Handler, w http.ResponseWriter, r *http.Request, look status, knownBy reason) {
	id, ok := find.Identify(c.keysFor(knownBy), r)
	if !ok || r.Method == http.MethodHead || len(r.Header["Range"]) > 0 {
		c.pass(next, w, r, look.fwd, look.detail)
		return
	}
	t := &task{c: c, next: next, w: w, r: r, knownBy: knownBy, id: id, cacheStatus: look}
	t.nameKey(id.Primary)
	t.alone()
}
