package pagecache

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Others around the cache may write into the header as late as WriteHeader: a
// session library sets its cookie there. So a response that may be stored goes in
// this order:
//
//  1. the header is sent, and with it what others add to it
//  2. the header is looked at again: is the page still one for everybody?
//  3. the response is stored, and given to the requests that wait for it
//  4. the body is sent, as slowly as the client reads it
//
// What others hold back themselves, as a compressor does that waits for the first
// bytes of the body, is not seen: a session library belongs between it and the
// cache.

// release sends the header, and what was held back of the body.
func (rec *recorder) release() {
	if rec.sendHeader() {
		rec.sendBody()
	}
}

// sendHeader sends the header, unless it was sent before, and looks at it again.
func (rec *recorder) sendHeader() bool {
	if rec.released {
		return false
	}
	if rec.changed != nil {
		rec.changed()
	}
	rec.released = true
	rec.restoreHeader()
	h := rec.w.Header()
	if rec.policy.words != "" {
		h["Cache-Control"] = addWords(h["Cache-Control"], rec.policy.words)
	}
	rec.say(h)
	rec.sent = maps.Clone(h)
	rec.w.WriteHeader(rec.status)
	if rec.recording {
		pol, judged := rec.lookAgain(rec.policy, rec.status, rec.judged, rec.sent)
		if pol.reason != storable {
			rec.drop(pol.reason)
		}
		rec.policy, rec.judged = pol, judged
	}
	return true
}

// say puts Cache-Status into the header of what is sent as the handler gave it.
func (rec *recorder) say(h http.Header) {
	if rec.raw { // it was said before
		return
	}
	if !rec.recording && rec.policy.reason != storable {
		rec.look.detail = string(rec.policy.reason)
		if query := rec.req.URL.RawQuery; rec.c.keys.Query(query) != query {
			rec.look.detail += queryCut
		}
	}
	rec.look.add(h, rec.c.name)
}

// sendBody sends what was held back of the body.
func (rec *recorder) sendBody() {
	if len(rec.body) > 0 {
		_, _ = rec.pass(rec.body) // remembered in failed
	}
}

// lookAgain judges a response again whose header was sent. pol and judged are the
// judgement so far, and the fields that it went by; sent is the header as it was
// handed on. Nothing that was added may make the response more of a page for
// everybody than it was.
func (rec *recorder) lookAgain(pol policy, status int, judged, sent http.Header) (policy, http.Header) {
	now := rec.w.Header()
	rec.tellRotation(now["Set-Cookie"])
	was := rec.visitor
	if rec.recognize(); rec.visitor != was {
		pol.reason = rec.visitor
		return pol, judged
	}
	if !rec.c.opts.StoreSetCookie && rec.givesCookie(now["Set-Cookie"], sent["Set-Cookie"]) {
		pol.reason = reasonSetCookie
		return pol, judged
	}
	merged, changed := judged, false
	for _, name := range rec.c.opts.controlling() {
		added := slices.DeleteFunc(slices.Clone(now[name]), func(line string) bool { return slices.Contains(sent[name], line) })
		if len(added) == 0 {
			continue
		}
		if !changed {
			merged, changed = maps.Clone(judged), true
		}
		if name != "Expires" { // the others are lists; what stands in them may be ours
			added = slices.Concat(judged[name], added)
		}
		merged[name] = added
	}
	if !changed {
		return pol, judged
	}
	return pol.narrowed(rec.judge(status, merged, rec.confirmed)), merged
}

// controlling lists the fields that say whether, and for whom, a response is
// stored.
func (o *Options) controlling() []string {
	return append([]string{"Cache-Control", "Expires", "Pragma", "Vary"}, o.Targeted...)
}

// narrowed returns a policy that keeps to both p and q.
func (p policy) narrowed(q policy) policy {
	if p.reason != storable {
		return p
	}
	for _, name := range q.drop {
		if !slices.Contains(p.drop, name) && name != "Set-Cookie" {
			p.reason = reasonPrivate // the field is in what was made already
		}
	}
	if q.reason != storable {
		p.reason = q.reason
	}
	p.lifetime, p.age = min(p.lifetime, q.lifetime), max(p.age, q.age)
	p.grace, p.ifError = min(p.grace, q.grace), min(p.ifError, q.ifError)
	p.shared, p.forVisitors = p.shared && q.shared, p.forVisitors && q.forVisitors
	p.noCache, p.strict = p.noCache || q.noCache, p.strict || q.strict
	return p
}

// givesCookie reports whether now, the lines of Set-Cookie, has one that was not
// there before, and that says something about the visitor. To take a cookie back
// that the visitor does not have says nothing.
func (rec *recorder) givesCookie(now, before []string) bool {
	if slices.Equal(now, before) {
		return false
	}
	for _, line := range now {
		if slices.Contains(before, line) {
			continue
		}
		set, err := http.ParseSetCookie(line)
		if err != nil || set.MaxAge >= 0 || len(rec.req.CookiesNamed(set.Name)) > 0 {
			return true
		}
	}
	return false
}

// givesCookieLate reports whether the handler, or somebody around it, has tried to
// set a cookie when the header had been given, or sent already. The visitor does
// not get it, as without a cache, but the page may be about it.
func (rec *recorder) givesCookieLate() bool {
	before := rec.header
	if rec.released {
		before = rec.sent
	}
	return !rec.c.opts.StoreSetCookie && rec.givesCookie(rec.w.Header()["Set-Cookie"], before["Set-Cookie"])
}

// An afterHeader calls then when the final header has been handed on, and before
// the body. sent is the header as it was then.
type afterHeader struct {
	http.ResponseWriter
	then func(sent http.Header)
}

func (w *afterHeader) WriteHeader(code int) {
	sent := maps.Clone(w.Header())
	w.ResponseWriter.WriteHeader(code)
	if then := w.then; isFinal(code) && then != nil {
		w.then = nil
		then(sent)
	}
}

// undo takes back what the handler did to the header.
func (rec *recorder) undo() {
	rec.released = true
	h := rec.w.Header()
	clear(h)
	maps.Copy(h, rec.before)
}

// restoreHeader undoes what the handler did to the header after WriteHeader,
// which net/http would not have seen; trailers excepted, which are set then.
func (rec *recorder) restoreHeader() {
	h := rec.w.Header()
	for name := range h {
		if _, ok := rec.header[name]; !ok && !hasTrailerPrefix(name) {
			delete(h, name)
		}
	}
	for name, values := range rec.header {
		if !hasTrailerPrefix(name) {
			h[name] = values
		}
	}
}

func hasTrailerPrefix(name string) bool { return strings.HasPrefix(name, http.TrailerPrefix) }
