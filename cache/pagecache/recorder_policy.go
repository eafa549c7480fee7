package pagecache

import (
	"maps"
	"net/http"
	"slices"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// policyOf returns the policy of a response with a status and the header h: what HTTP
// allows, and what the middleware outside the cache and the visitor change about it.
// validated is the stored response whose header is in h, or nil.
func (rec *recorder) policyOf(status int, h http.Header, validated *stored.Response) rfc9111.Policy {
	var refused bool
	rec.said, refused = rec.remarks.says()
	rec.recognize()
	p := rec.c.rules.Policy(rec.req.Header, status, h, rec.setsCookie(), orAs(rec.said, validated), rec.asked, rec.given)
	if p.Reason == storable && !rec.c.proxy.StoreSetCookie && rec.introduced() && rec.c.tellsCookies(h) {
		p.Reason = rfc9111.ReasonSetCookie
	}
	rec.tellRotation(rec.header["Set-Cookie"])
	if rec.knownBy != stranger {
		if p.ForVisitors = rec.saysPublic(validated); !p.ForVisitors && p.Reason == storable {
			p.Reason = rec.knownBy
		}
	}
	if concernsBrowsers(&p) || rec.knownBy != stranger {
		p.Words = rec.c.browserWords(h, rec.knownBy)
	}
	if refused && p.Reason == storable {
		p.Reason = reasonDoNotStore
	}
	return p
}

// settle takes in what the handler has said about its page since it gave the header.
func (rec *recorder) settle() {
	said, refused := rec.remarks.says()
	was := rec.knownBy
	if rec.recording {
		rec.recognize()
	}
	switch {
	case !rec.recording:
	case refused:
		rec.drop(reasonDoNotStore)
	case rec.knownBy != was:
		if !rec.released {
			rec.policy.Words = rec.c.browserWords(rec.policyHeader, rec.knownBy)
		}
		rec.drop(rec.knownBy)
	case said != rec.said && rec.status != http.StatusPartialContent:
		pol := rec.policyOf(rec.status, rec.policyHeader, rec.validated)
		if pol.Reason != storable {
			rec.drop(pol.Reason)
			return
		}
		pol.Words = rec.policy.Words // they may have been sent
		rec.policy = pol
	}
}

// recognize asks once more who the visitor of a request is that came from a stranger: the
// handler may have signed them in. A rendering in the background has no visitor.
func (rec *recorder) recognize() {
	if rec.knownBy == stranger && rec.c.opts.Visitor != nil && !rec.background {
		rec.knownBy = rec.c.visitorOf(rec.req)
	}
}

// saysPublic reports whether the handler itself has said that its response is public, and
// not the middleware outside the cache. A handler that validates a stored response has
// said what it said of that, unless it says something else now.
func (rec *recorder) saysPublic(validated *stored.Response) bool {
	own := make(http.Header)
	for _, name := range append([]string{"Cache-Control"}, rec.c.opts.Targeted...) {
		values := rec.own(name)
		if len(values) == 0 && validated != nil {
			values = said(validated, name)
		}
		if len(values) > 0 {
			own[name] = values
		}
	}
	cc, _ := rec.c.rules.Control(own)
	return cc.Public
}

// own returns the values of a field that the handler has set, or has added to those of the
// middleware outside the cache.
func (rec *recorder) own(name string) []string {
	values, outer := rec.header[name], rec.outer[name]
	switch {
	case same(values, outer):
		return nil
	case len(outer) > 0 && len(values) > len(outer) && slices.Equal(values[:len(outer)], outer):
		return values[len(outer):]
	}
	return values
}

// lookAgain returns the policy of a response again, after its header was sent. pol is the
// policy so far, policyHeader what it was made from, and sent the header as it was handed
// on. What was added meanwhile can only narrow the policy.
func (rec *recorder) lookAgain(pol rfc9111.Policy, status int, policyHeader, sent http.Header) (rfc9111.Policy, http.Header) {
	now := rec.w.Header()
	rec.tellRotation(now["Set-Cookie"])
	was := rec.knownBy
	if rec.recognize(); rec.knownBy != was {
		pol.Reason = rec.knownBy
		return pol, policyHeader
	}
	if !rec.c.proxy.StoreSetCookie && rec.givesCookie(now["Set-Cookie"], sent["Set-Cookie"]) {
		pol.Reason = rfc9111.ReasonSetCookie
		return pol, policyHeader
	}
	merged, changed := policyHeader, false
	for _, name := range rec.c.controlling() {
		added := slices.DeleteFunc(slices.Clone(now[name]), func(line string) bool { return slices.Contains(sent[name], line) })
		if len(added) == 0 {
			continue
		}
		if !changed {
			merged, changed = maps.Clone(policyHeader), true
		}
		if name != "Expires" { // the others are lists; what stands in them may be ours
			added = slices.Concat(policyHeader[name], added)
		}
		merged[name] = added
	}
	if !changed {
		return pol, policyHeader
	}
	return pol.Narrowed(rec.policyOf(status, merged, rec.validated)), merged
}

// controlling lists the fields that say whether, and for whom, a response is
// stored.
func (c *Cache) controlling() []string {
	return append([]string{"Cache-Control", "Expires", "Pragma", "Vary"}, c.opts.Targeted...)
}
