package pagecache

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/find"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// partField selects the stored part of a body among the responses of a target
// URI. It is no name that a field may have.
var partField = []string{":part"}

// servePart answers a request for a range of what is not stored whole with a
// stored part, if it holds all of that (RFC 9111 §3.3). It returns false if there
// is none, and the part that was of no use.
func (c *Cache) servePart(w http.ResponseWriter, r *http.Request, s *scratch, asks *rfc9111.Control, visitor reason) (part *engine.Stored[*stored.Response], served bool) {
	if !c.keepsParts(r) {
		return nil, false
	}
	s.variant = c.keys.AppendVariant(s.variant[:0], s.primary, partField, nil)
	part, verdict, err := c.values.Get(r.Context(), s.variant)
	if err != nil || part == nil || !part.Value.Is(stored.IsPart) {
		return nil, false
	}
	p, now := part.Value, time.Now()
	first, end, ok := oneRange(r.Header["Range"][0], p.Part.Size)
	if !ok || !c.opts.mayCut(p) || first < p.Part.First || end > p.Part.End || forbids(p, r, visitor) != storable || useOf(p, verdict, asks, now) != rfc9111.UseHit {
		return part, false
	}
	c.observeHit(r)
	if r.Pattern == "" {
		r.Pattern = p.Route
	}
	h := w.Header()
	p.Header.Set(h)
	said := c.hit(p, p.AgeAt(now))
	said.set(h)
	h.Set("Content-Range", "bytes "+strconv.FormatInt(first, 10)+"-"+strconv.FormatInt(end-1, 10)+"/"+strconv.FormatInt(p.Part.Size, 10))
	h.Set("Content-Length", strconv.FormatInt(end-first, 10))
	w.WriteHeader(http.StatusPartialContent)
	first, end = first-p.Part.First, end-p.Part.First
	_, _ = w.Write(p.Body[first:end:end]) // who asked may be gone
	return part, true
}

// keepsParts reports whether parts are stored of what r asks for: if the handler
// is a proxy, for which it costs something to make another part. What depends on
// a condition is left to it; a 206 to If-Range lacks fields (RFC 9110 §15.3.7).
func (c *Cache) keepsParts(r *http.Request) bool {
	return c.opts.Transparent && r.Method == http.MethodGet && len(r.Header["Range"]) == 1 && len(r.Header["If-Range"]) == 0 && !rfc9111.HasConditions(r.Header)
}

// oneRange returns the bytes that a Range field asks for of size bytes: from
// first to the one before end. ok is false unless it is one range, and there.
func oneRange(field string, size int64) (first, end int64, ok bool) {
	const unit = "bytes="
	if len(field) < len(unit) || !strings.EqualFold(field[:len(unit)], unit) {
		return 0, 0, false
	}
	from, to, ok := strings.Cut(strings.Trim(field[len(unit):], " \t"), "-")
	a, hasA := rfc9111.DigitsUpTo(from, rfc9111.MaxPosition)
	b, hasB := rfc9111.DigitsUpTo(to, rfc9111.MaxPosition)
	switch {
	case !ok || from != "" && !hasA || to != "" && !hasB:
		return 0, 0, false
	case hasA && hasB:
		first, end = a, min(b+1, size)
	case hasA:
		first, end = a, size
	case hasB:
		first, end = max(size-b, 0), size
	}
	return first, end, first < end
}

// contentRange reads the Content-Range of a 206 with one part of a body whose
// size is known (RFC 9110 §14.4).
func contentRange(h http.Header) (s stored.Span, ok bool) {
	fields := h["Content-Range"]
	if len(fields) != 1 || len(h["Content-Type"]) > 0 && strings.HasPrefix(strings.ToLower(h["Content-Type"][0]), "multipart/byteranges") {
		return stored.Span{}, false
	}
	unit, rest, _ := strings.Cut(fields[0], " ")
	bytes, size, _ := strings.Cut(strings.TrimLeft(rest, " "), "/")
	first, last, _ := strings.Cut(bytes, "-")
	a, ok1 := rfc9111.DigitsUpTo(first, rfc9111.MaxPosition)
	b, ok2 := rfc9111.DigitsUpTo(last, rfc9111.MaxPosition)
	n, ok3 := rfc9111.DigitsUpTo(size, rfc9111.MaxPosition)
	return stored.Span{First: a, End: b + 1, Size: n}, strings.EqualFold(unit, "bytes") && ok1 && ok2 && ok3 && a <= b && b < n && n < rfc9111.MaxPosition
}

// forwardRange has the handler answer a request for a range, and stores the part
// that it gives: together with the one that is stored, if one strong validator
// says that both are of one body, and one begins where the other ends (RFC 9111
// §3.4). When all parts are there they are a whole response. What may be stored is
// held back until it is, as whole responses are: its Cache-Status says so.
func (t *task) forwardRange(part *engine.Stored[*stored.Response]) {
	t.fill = t.c.store.Begin()
	t.fill.Add(t.id.Deps...)
	t.c.observe(t.r, t.look, false)
	rec := newRecorder(t)
	rec.through = true
	rec.part = func(*recorder) {} // nobody waits
	inner := t.inner()
	func() {
		defer rec.catchAbort()
		t.next.ServeHTTP(rec, inner)
	}()
	t.r.Pattern = inner.Pattern
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
		if part != nil && t.c.values.Judge(part) == engine.Fresh && rec.joins(part.Value) {
			part.PassTo(t.fill)
		}
		p = t.madePart(rec)
	}
	rec.body = given // of two parts that were joined the visitor has asked for one
	was := rec.released
	if p != nil && !was {
		t.promise(rec, p)
	}
	sent := rec.sendHeader()
	if varies := len(t.c.rules.SelectingFields(rec.judged)) > 0; p != nil && varies && !was {
		if rec.status == http.StatusOK {
			t.place(p, rec.judged)
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

// missRange answers a request for a range of what is not stored: the whole is not
// asked for, which could be far more than the visitor wants.
func (c *Cache) missRange(next http.Handler, w http.ResponseWriter, r *http.Request, part *engine.Stored[*stored.Response], visitor reason) {
	id, ok := find.Identify(c.keysFor(visitor), r)
	if !ok {
		c.pass(next, w, r, fwdMiss, string(reasonDepth))
		return
	}
	t := &task{c: c, next: next, w: w, r: r, visitor: visitor, id: id, look: status{fwd: fwdMiss, detail: string(rfc9111.ReasonPartial)}}
	t.nameKey(id.Primary)
	t.forwardRange(part)
}

// judgeRange decides what to record of the answer to a request for a range: a
// 200, whose handler has ignored it, or one part. Vary would take a note.
func (rec *recorder) judgeRange(h http.Header) {
	if rec.status == http.StatusOK {
		if len(h["Content-Range"]) > 0 {
			// It has no meaning there (RFC 9110 §14.4). But servers are known to
			// answer a Range so, with the part.
			rec.policy.Reason = rfc9111.ReasonPartial
		}
		return
	}
	var ok bool
	if rec.span, ok = contentRange(h); rec.status != http.StatusPartialContent || !ok || len(rec.c.rules.SelectingFields(h)) > 0 {
		rec.policy.Reason = rfc9111.ReasonPartial
		return
	}
	whole := h.Clone()
	delete(whole, "Content-Range")
	rec.policy = rec.judge(http.StatusOK, whole, nil)
	rec.policy.Drop = append(rec.policy.Drop, "Content-Range")
	if rec.policy.Reason == storable && rec.span.End-rec.span.First > int64(rec.c.opts.MaxBody) {
		rec.policy.Reason = reasonTooLarge
	}
}

// joins puts a stored part and what was recorded together, if they are of one
// body and leave no gap.
func (rec *recorder) joins(p *stored.Response) bool {
	old, s := p.Part, rec.span
	tags := rec.header["Etag"]
	if len(tags) != 1 || !rfc9111.IsStrong(tags[0]) || tags[0] != p.Header.ETag() || old.Size != s.Size || rec.visitor != storable && !p.Is(stored.IsForVisitors) || old.First > s.End || s.First > old.End {
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

// madePart returns the response to store of a part that was recorded, or of the
// whole if it is that.
func (t *task) madePart(rec *recorder) *stored.Response {
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
