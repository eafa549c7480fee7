package pagecache

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// response returns the stored response of what was recorded.
func (rec *recorder) response(pattern string) *stored.Response {
	p := &stored.Response{
		Status: uint16(rec.status),
		Route:  pattern,
		Flags:  flagsOf(&rec.policy),
		Body:   slices.Clip(rec.body), // to append to it makes a copy
	}
	if waste := cap(rec.body) - len(rec.body); waste > len(rec.body)/8 {
		p.Body = slices.Clip(bytes.Clone(rec.body)) // it may be kept for long
	}
	if len(rec.header["Etag"]) > 0 {
		p.Flags |= stored.OwnETag
	}
	rec.c.codec.Finish(p, rec.fields(&rec.policy, true), termsOf(&rec.policy), rec.timing())
	return p
}

// bind makes p keep to a policy that was narrowed since p was made.
func (rec *recorder) bind(p *stored.Response, pol *rfc9111.Policy) {
	rec.c.codec.SetTerms(p, termsOf(pol), rec.given)
	const bound = stored.IsShared | stored.IsNoCache | stored.IsStrict | stored.IsForVisitors | stored.IsTold
	p.Flags = p.Flags&^bound | flagsOf(pol)&bound
}

// timing says when the response was made. For a response that was streamed, the time until
// its header counts: the rest took as long as its client did.
func (rec *recorder) timing() stored.Timing {
	until := time.Now()
	if rec.released {
		until = rec.given
	}
	return stored.Timing{Asked: rec.asked, Given: rec.given, Took: max(until.Sub(rec.asked), 0)}
}

// fields returns the header fields to store. If whole is set they get those that a handler
// leaves to net/http or to the cache.
func (rec *recorder) fields(pol *rfc9111.Policy, whole bool) []stored.Field {
	var list []stored.Field
	drop := notStored(rec.header, pol.Drop)
	for _, name := range slices.Sorted(maps.Keys(rec.header)) {
		values := rec.header[name]
		outer := rec.outer[name]
		switch {
		case drop(name), len(outer) > 0 && same(values, outer):
			// The middleware outside the cache will set it again.
		case len(outer) > 0 && len(values) > len(outer) && slices.Equal(values[:len(outer)], outer):
			// The handler has added to what the middleware had set.
			list = append(list, stored.Field{Name: name, Values: slices.Clone(values[len(outer):]), Adds: true})
		default:
			list = append(list, stored.Field{Name: name, Values: slices.Clone(values)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rec.outer)) {
		if _, ok := rec.header[name]; !ok {
			list = append(list, stored.Field{Name: name})
		}
	}
	add := func(name string, value ...string) {
		list = append(list, stored.Field{Name: name, Values: value})
	}
	if _, ok := rec.header["Date"]; !ok {
		add("Date", rec.c.dates.Format(rec.given))
	}
	if !whole {
		return list
	}
	list = withWords(list, pol.Words, rec.outer["Cache-Control"])
	if _, ok := rec.header["Etag"]; !ok && rec.status == http.StatusOK && !rec.c.proxy.Transparent {
		add("Etag", rec.c.makeETag(rec.body))
	}
	if _, ok := rec.header["Content-Type"]; !ok && len(rec.body) > 0 && rec.header.Get("Content-Encoding") == "" {
		add("Content-Type", http.DetectContentType(rec.body)) // as net/http would
	}
	return list
}

// notStored returns whether a field must not be stored (RFC 9111 §3.1), or is made anew
// for each response.
func notStored(h http.Header, also []string) func(name string) bool {
	named := slices.Clone(also)
	rfc9111.ListMembers(h, "Connection", func(member string) bool {
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

// updated returns p with the header of a response that validated it: fields, what may be
// stored of that header, take the place of p's own (RFC 9111 §3.2).
func (rec *recorder) updated(p *stored.Response, fields []stored.Field, pol *rfc9111.Policy) *stored.Response {
	q := &stored.Response{
		Key: p.Key, Rare: p.Rare, Status: p.Status, Route: p.Route,
		Flags: flagsOf(pol) | p.Flags&stored.OwnETag, Body: p.Body,
	}
	var header []stored.Field
	replaced := make(map[string]bool, len(fields))
	for _, f := range fields {
		if !rec.c.describesBody(p, f.Name) && f.Values != nil {
			replaced[f.Name] = true
			header = append(header, f)
		}
	}
	// A 304 that does not say for how long p is fresh repeats what was said.
	for _, f := range p.Header.List() {
		if f.Name == "Cache-Control" {
			if f.Values = said(p, f.Name); len(f.Values) == 0 {
				continue
			}
		}
		if !replaced[f.Name] && !slices.Contains(pol.Drop, f.Name) {
			header = append(header, f)
		}
	}
	header = withWords(header, pol.Words, rec.outer["Cache-Control"])
	slices.SortStableFunc(header, func(a, b stored.Field) int { return strings.Compare(a.Name, b.Name) })
	rec.c.codec.Finish(q, header, termsOf(pol), rec.timing())
	return q
}
