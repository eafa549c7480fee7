package pagecache

import (
	"maps"
	"net/http"
	"slices"
)

// judge applies [Options.judge] to what a handler gave, asks what those around the
// cache have said of the visitor, and who the visitor is. confirmed is the stored
// response whose header is in h, or nil.
func (rec *recorder) judge(status int, h http.Header, confirmed *response) policy {
	var refused bool
	rec.said, refused = rec.page.says()
	rec.recognize()
	p := rec.c.opts.judge(rec.req, status, h, rec.setsCookie(), rec.said.orAs(confirmed), rec.asked, rec.given)
	if p.reason == storable && !rec.c.opts.StoreSetCookie && rec.introduced() && rec.c.opts.tellsCookies(h) {
		p.reason = reasonSetCookie
	}
	rec.tellRotation(rec.header["Set-Cookie"])
	if rec.visitor != storable {
		if p.forVisitors = rec.saysPublic(confirmed); !p.forVisitors && p.reason == storable {
			p.reason = rec.visitor
		}
	}
	if p.concernsBrowsers() || rec.visitor != storable {
		p.words = rec.c.opts.browserWords(h, rec.visitor)
	}
	if refused && p.reason == storable {
		p.reason = reasonDoNotStore
	}
	return p
}

// settle takes in what the handler has said about its page since it gave the
// header.
func (rec *recorder) settle() {
	said, refused := rec.page.says()
	was := rec.visitor
	if rec.recording {
		rec.recognize()
	}
	switch {
	case !rec.recording:
	case refused:
		rec.drop(reasonDoNotStore)
	case rec.visitor != was:
		if !rec.released {
			rec.policy.words = rec.c.opts.browserWords(rec.judged, rec.visitor)
		}
		rec.drop(rec.visitor)
	case said != rec.said && rec.status != http.StatusPartialContent:
		pol := rec.judge(rec.status, rec.judged, rec.confirmed)
		if pol.reason != storable {
			rec.drop(pol.reason)
			return
		}
		pol.words = rec.policy.words // they may have been sent
		rec.policy = pol
	}
}

// recognize asks once more whether a visitor is behind the request, who was a
// stranger when it came: the handler may have signed them in. Nobody is behind
// what is made in the background.
func (rec *recorder) recognize() {
	if rec.visitor == storable && rec.c.opts.Visitor != nil && !rec.background {
		rec.visitor = rec.c.opts.visitorOf(rec.req)
	}
}

// saysPublic reports whether the handler itself has said that its response is
// public: not somebody around the cache. A handler that confirms a stored
// response has said what it said of that, unless it says something else now.
func (rec *recorder) saysPublic(confirmed *response) bool {
	own := make(http.Header)
	for _, name := range append([]string{"Cache-Control"}, rec.c.opts.Targeted...) {
		values := rec.own(name)
		if len(values) == 0 && confirmed != nil {
			values = said(confirmed, name)
		}
		if len(values) > 0 {
			own[name] = values
		}
	}
	cc, _ := rec.c.opts.control(own)
	return cc.public
}

// own returns the values of a field that the handler has set, or has added to
// those of somebody around the cache.
func (rec *recorder) own(name string) []string {
	values, outer := rec.header[name], rec.before[name]
	switch {
	case same(values, outer):
		return nil
	case len(outer) > 0 && len(values) > len(outer) && slices.Equal(values[:len(outer)], outer):
		return values[len(outer):]
	}
	return values
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
