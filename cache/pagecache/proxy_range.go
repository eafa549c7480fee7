package pagecache

import (
	"net/http"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/find"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// A rangeTask has the origin answer a request for a range of what is not stored, and
// stores the part that it gives. The whole is not asked for: it could be far more than
// the visitor wants.
type rangeTask struct {
	*task
	part *engine.Stored[*stored.Response] // a stored part that does not hold the range, or nil
}

// missRange answers a request for a range of what is not stored. part is a stored part
// that does not hold the range, or nil.
func (c *Cache) missRange(next http.Handler, w http.ResponseWriter, r *http.Request, part *engine.Stored[*stored.Response], knownBy reason) {
	id, ok := find.Identify(c.keysFor(knownBy), r)
	if !ok {
		c.pass(next, w, r, fwdMiss, string(reasonDepth))
		return
	}
	t := &task{c: c, next: next, w: w, r: r, knownBy: knownBy, id: id, cacheStatus: status{fwd: fwdMiss, detail: string(rfc9111.ReasonPartial)}}
	t.nameKey(id.Primary)
	rangeTask{t, part}.run()
}

// run asks the origin, and stores the part that it gives. If a part is stored already,
// one strong validator says that both are of one body, and one begins where the other
// ends, they are stored as one (RFC 9111 §3.4). All parts together are a whole
// response.
//
// What may be stored is held back until it is, as a whole response is: so its
// Cache-Status can say so.
func (t rangeTask) run() {
	t.fill = t.c.engine.Begin()
	t.fill.Add(t.id.Deps...)
	defer t.over()
	rec := t.newRecorder()
	rec.recordPart = recordRange
	rec.notForOthers = func(*recorder) {} // nobody waits
	inner := t.inner()
	func() {
		defer rec.catchAbort()
		defer t.handled(rec)
		t.next.ServeHTTP(rec, inner)
	}()
	t.r.Pattern = inner.Pattern
	t.done = true
	if rec.hijacked {
		return
	}
	rec.end()
	rec.settle()
	given := rec.body
	var p *stored.Response
	switch {
	case !rec.recording:
	case !rec.complete():
		rec.drop(reasonIncomplete)
	case rec.status == http.StatusOK:
		p = t.made(rec)
	case rec.givesCookieLate():
		rec.drop(rfc9111.ReasonSetCookie)
	case int64(len(rec.body)) == rec.span.End-rec.span.First:
		if t.part != nil && t.c.values.Judge(t.part) == engine.Fresh && join(rec, t.part.Value) {
			t.part.PassTo(t.fill)
		}
		p = t.madePart(rec)
	}
	rec.body = given // the visitor asked for one of two parts that were joined
	released := rec.released
	if p != nil && !released {
		t.promise(rec, p)
	}
	sent := rec.sendHeader()
	if varies := len(t.c.rules.SelectingFields(rec.policyHeader)) > 0; p != nil && varies && !released {
		if rec.status == http.StatusOK {
			t.place(p, rec.policyHeader)
		} else {
			rec.drop(rfc9111.ReasonPartial)
		}
	}
	if p != nil && rec.policy.Reason == storable {
		rec.bind(p, &rec.policy)
		t.store(p)
	} else if p != nil {
		t.notStored(rec.policy.Reason)
	}
	if sent {
		rec.sendBody()
	}
}

// madePart returns the response to store: a part, or a whole if nothing is missing.
func (t rangeTask) madePart(rec *recorder) *stored.Response {
	t.depend(rec.header)
	p := rec.response(t.r.Pattern)
	if rec.span.First == 0 && rec.span.End == rec.span.Size {
		p.Status, p.Key = http.StatusOK, t.id.Primary
		return p
	}
	p.Key = string(t.c.keys.AppendVariant(nil, []byte(t.id.Primary), partField, nil))
	p.SetSpan(rec.span)
	return p
}

// recordRange decides what to record of the answer to a request for a range: a 200
// whose origin ignored it, or one part. A part with Vary is not recorded: it would need
// a note.
func recordRange(rec *recorder, h http.Header) {
	if rec.status == http.StatusOK {
		if len(h["Content-Range"]) > 0 {
			// It has no meaning there (RFC 9110 §14.4). But some servers answer a
			// Range so, with the part.
			rec.policy.Reason = rfc9111.ReasonPartial
		}
		return
	}
	first, end, size, ok := rfc9111.ContentRange(h)
	if rec.status != http.StatusPartialContent || !ok || len(rec.c.rules.SelectingFields(h)) > 0 {
		rec.policy.Reason = rfc9111.ReasonPartial
		return
	}
	rec.span = stored.Span{First: first, End: end, Size: size}
	whole := h.Clone()
	delete(whole, "Content-Range")
	rec.policy = rec.policyOf(http.StatusOK, whole, nil)
	rec.policy.Drop = append(rec.policy.Drop, "Content-Range")
	if rec.policy.Reason == storable && rec.span.End-rec.span.First > int64(rec.c.opts.MaxBody) {
		rec.policy.Reason = reasonTooLarge
	}
}

// join puts a stored part and what was recorded together, if they are of one body and
// leave no gap. It reports whether they do.
func join(rec *recorder, p *stored.Response) bool {
	old, s := p.Part, rec.span
	tags := rec.header["Etag"]
	if len(tags) != 1 || !rfc9111.IsStrong(tags[0]) || tags[0] != p.Header.ETag() || old.Size != s.Size || rec.knownBy != stranger && !p.Is(stored.IsForVisitors) || old.First > s.End || s.First > old.End {
		return false
	}
	both := stored.Span{First: min(old.First, s.First), End: max(old.End, s.End), Size: s.Size}
	if both.End-both.First > int64(rec.c.opts.MaxBody) {
		return false
	}
	body := make([]byte, both.End-both.First)
	copy(body[old.First-both.First:], p.Body)
	copy(body[s.First-both.First:], rec.body)
	rec.span, rec.body = both, body
	return true
}
