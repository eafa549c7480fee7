package pagecache

import (
	"net/http"
	"slices"
	"strings"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
)

// askWhether makes the request that validates p conditional (RFC 9111 §4.3.1).
func (p *response) askWhether(h http.Header) {
	if p.hasOwnETag() {
		h["If-None-Match"] = []string{p.header.etag()}
	}
	if p.is(isDated) {
		h["If-Modified-Since"] = slices.Clone(p.header.get("Last-Modified"))
	}
}

// confirmedBy reports whether a 304 with header h speaks of p (RFC 9111
// §4.3.4): a strong entity tag has to be p's own, a date has to be p's.
func (p *response) confirmedBy(h http.Header) bool {
	if tags := h["Etag"]; len(tags) > 0 {
		if strings.HasPrefix(tags[0], "W/") {
			return rfc9111.Opaque(tags[0]) == rfc9111.Opaque(p.header.etag())
		}
		return tags[0] == p.header.etag()
	}
	if dates := h["Last-Modified"]; len(dates) > 0 && !p.is(ownETag) {
		return slices.Equal(p.header.get("Last-Modified"), dates)
	}
	return true
}

// describesBody reports whether a field says what the stored body of p is. A
// 304, or the answer to a HEAD, does not change the body, so it must not change
// them. RFC 9111 §3.2 excepts Content-Encoding and Content-Range only where it is
// to keep what is stored whole: compressors around a handler are known to name
// their coding in a 304 to what was stored without it. A proxy's origin is
// believed; but a Content-Range in a 304 that its 200 did not have is about what
// the visitor asked for.
func (o *Options) describesBody(p *response, name string) bool {
	switch name {
	case "Content-Length":
		return true
	case "Content-Range":
		return !o.Transparent || p.header.get(name) == nil
	case "Content-Encoding":
		return !o.Transparent
	}
	return false
}

// freshened returns p with the header of a response that confirmed it: fields,
// what may be stored of that header, replace p's own (RFC 9111 §3.2).
func (rec *recorder) freshened(p *response, fields []field, pol *rfc9111.Policy) *response {
	q := &response{
		key: p.key, rare: p.rare, status: p.status, route: p.route,
		flags: flagsOf(pol) | p.flags&ownETag, body: p.body,
	}
	var header []field
	replaced := make(map[string]bool, len(fields))
	for _, f := range fields {
		if !rec.c.opts.describesBody(p, f.name) && f.values != nil {
			replaced[f.name] = true
			header = append(header, f)
		}
	}
	// A confirmation that does not say for how long confirms as it was said.
	for _, f := range p.header.list() {
		if f.name == "Cache-Control" {
			if f.values = said(p, f.name); len(f.values) == 0 {
				continue
			}
		}
		if !replaced[f.name] && !slices.Contains(pol.Drop, f.name) {
			header = append(header, f)
		}
	}
	header = withWords(header, pol.Words, rec.before["Cache-Control"])
	slices.SortStableFunc(header, func(a, b field) int { return strings.Compare(a.name, b.name) })
	rec.c.codec.finish(q, header, termsOf(pol), rec.timing())
	return q
}

// termsOf returns what a policy says about the use of a response.
func termsOf(p *rfc9111.Policy) terms {
	return terms{life: p.Lifetime, age: p.Age, grace: p.Grace, ifError: p.IfError}
}

// flagsOf returns the flags of a response with policy p.
func flagsOf(p *rfc9111.Policy) flags {
	var f flags
	if p.Shared {
		f |= isShared
	}
	if p.NoCache {
		f |= isNoCache
	}
	if p.Strict {
		f |= isStrict
	}
	if p.Words != "" {
		f |= isImplied
	}
	if p.Told {
		f |= isTold
	}
	if p.ForVisitors {
		f |= isForVisitors
	}
	return f
}

// merged is the header by which a confirmed response is judged: the stored one,
// with the fields of the confirmation in place of its own.
func (o *Options) merged(p *response, h http.Header) http.Header {
	m := make(http.Header, p.header.len()+len(h))
	for _, f := range p.header.list() {
		m[f.name] = f.values
	}
	// The age of what is confirmed begins anew, and what we said to downstream
	// is nothing that the handler said.
	delete(m, "Age")
	delete(m, "Date")
	if m["Cache-Control"] = said(p, "Cache-Control"); len(m["Cache-Control"]) == 0 {
		delete(m, "Cache-Control")
	}
	for name, values := range h {
		if !o.describesBody(p, name) {
			m[name] = values
		}
	}
	return m
}
