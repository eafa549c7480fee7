package pagecache

import (
	"maps"
	"net/http"
	"slices"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// judge applies rfc9111 to what a handler gave, asks what those around the
// cache have said of the visitor, and who the visitor is. confirmed is the stored
// response whose header is in h, or nil.
func (rec *recorder) judge(status int, h http.Header, confirmed *stored.Response) rfc9111.Policy {
	var refused bool
	rec.said, refused = rec.page.says()
	rec.recognize()
	p := rec.c.rules.Judge(rec.req.Header, status, h, rec.setsCookie(), orAs(rec.said, confirmed), rec.asked, rec.given)
	if p.Reason == storable && !rec.c.proxy.StoreSetCookie && rec.introduced() && rec.c.tellsCookies(h) {
		p.Reason = rfc9111.ReasonSetCookie
	}
	rec.tellRotation(rec.header["Set-Cookie"])
	if rec.visitor != storable {
		if p.ForVisitors = rec.saysPublic(confirmed); !p.ForVisitors && p.Reason == storable {
			p.Reason = rec.visitor
		}
	}
	if concernsBrowsers(&p) || rec.visitor != storable {
		p.Words = rec.c.browserWords(h, rec.visitor)
	}
	if refused && p.Reason == storable {
		p.Reason = reasonDoNotStore
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
			rec.policy.Words = rec.c.browserWords(rec.judged, rec.visitor)
		}
		rec.drop(rec.visitor)
	case said != rec.said && rec.status != http.StatusPartialContent:
		pol := rec.judge(rec.status, rec.judged, rec.confirmed)
		if pol.Reason != storable {
			rec.drop(pol.Reason)
			return
		}
		pol.Words = rec.policy.Words // they may have been sent
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
func (rec *recorder) saysPublic(confirmed *stored.Response) bool {
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
	cc, _ := rec.c.rules.Control(own)
	return cc.Public
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
func (rec *recorder) lookAgain(pol rfc9111.Policy, status int, judged, sent http.Header) (rfc9111.Policy, http.Header) {
	now := rec.w.Header()
	rec.tellRotation(now["Set-Cookie"])
	was := rec.visitor
	if rec.recognize(); rec.visitor != was {
		pol.Reason = rec.visitor
		return pol, judged
	}
	if !rec.c.proxy.StoreSetCookie && rec.givesCookie(now["Set-Cookie"], sent["Set-Cookie"]) {
		pol.Reason = rfc9111.ReasonSetCookie
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
	return pol.Narrowed(rec.judge(status, merged, rec.confirmed)), merged
}

// controlling lists the fields that say whether, and for whom, a response is
// stored.
func (o *Options) controlling() []string {
	return append([]string{"Cache-Control", "Expires", "Pragma", "Vary"}, o.Targeted...)
}
