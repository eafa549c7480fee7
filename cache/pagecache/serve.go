package pagecache

import (
	"bytes"
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/find"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"

	"github.com/uncache/uncache/cache/internal/engine"
)

// The fields that a 304 repeats from the response it stands for (RFC 9110
// §15.4.5). Others could be left out, and are; but Last-Modified where there is
// no entity tag, or a cache that asked by the date would be told of no response
// that it has (RFC 9111 §4.3.4).
var notModifiedFields = map[string]bool{
	"Cache-Control": true, "Content-Location": true, "Date": true, "Etag": true,
	"Expires": true, "Vary": true,
}

// serve answers a request with a stored response, in which s is what differs
// from one second, and one request, to the next. Without an age there will be no
// Age field, which would say that the handler had not been asked.
func (c *Cache) serve(w http.ResponseWriter, r *http.Request, p *response, s says) {
	if r.Pattern == "" {
		r.Pattern = p.route // what the ServeMux would have left for those around
	}
	h := w.Header()
	if p.status >= 200 && p.status < 300 && rfc9111.HasConditions(r.Header) && c.notModified(p, r.Header) {
		untagged := p.header.etag() == ""
		for i := range p.header.len() {
			if f := p.header.at(i); notModifiedFields[f.name] || untagged && f.name == "Last-Modified" {
				f.set(h)
			}
		}
		s.set(h)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if p.status == http.StatusOK {
		if ranges, there := rfc9111.ByteRanges(r, len(p.body)); ranges != "" && c.opts.mayCut(p) && ifRange(p, r.Header, time.Now()) {
			c.serveRange(w, r, ranges, there, p, s)
			return
		}
	}
	p.header.set(h)
	s.set(h)
	if p.status != http.StatusNoContent {
		h["Content-Length"] = p.header.length()
	}
	w.WriteHeader(int(p.status))
	if r.Method != http.MethodHead && len(p.body) > 0 {
		// A visitor who is gone is nobody's failure.
		_, _ = w.Write(p.body)
	}
}

// notModified reports whether a visitor has p already, as the conditions in his
// request say.
func (c *Cache) notModified(p *response, asks http.Header) bool {
	var changed time.Time
	if len(asks["If-None-Match"]) == 0 { // or it does not count
		changed = c.changed(p)
	}
	return rfc9111.NotModified(asks, p.header.etag(), changed, time.Now())
}

// changed is the date that If-Modified-Since is compared with: Last-Modified, or
// in a response without one Date, as RFC 9111 §4.3.2 says. A handler's response
// that has an entity tag, if only from us, is not given so: of two in one second
// the visitor may have the older one.
func (c *Cache) changed(p *response) time.Time {
	changed := p.changed()
	if !changed.IsZero() || !c.opts.Transparent || p.header.get("Last-Modified") != nil {
		return changed // zero, if there is one that is no date
	}
	return p.dateIn("Date")
}

// serveRange answers with a part of a complete stored response (RFC 9110 §14),
// or with several, as net/http does it for files: If-Range with the strong
// comparison, 416 for what is not there.
func (c *Cache) serveRange(w http.ResponseWriter, r *http.Request, ranges string, there bool, p *response, s says) {
	h := w.Header()
	if !there {
		h["Cache-Status"] = s.status
		h.Set("Content-Range", "bytes */"+p.header.length()[0])
		http.Error(w, "range not satisfiable", http.StatusRequestedRangeNotSatisfiable)
		return
	}
	p.header.set(h)
	s.set(h)
	delete(h, "Content-Range") // of a whole it means nothing, of several parts it is forbidden (RFC 9110 §15.3.7.2)
	inner := r.WithContext(r.Context())
	inner.Header = r.Header.Clone()
	inner.Header.Set("Range", ranges)
	for _, name := range rfc9111.ConditionFields {
		delete(inner.Header, name) // they were evaluated, and by HTTP's dates
	}
	delete(inner.Header, "If-Range")
	http.ServeContent(w, inner, "", time.Time{}, bytes.NewReader(p.body))
}

// answer answers a request with what is stored. It returns false if that may be
// done only while its successor is made, and that must not be made in the
// background. A visitor's request is never rendered there: the page would have the
// visitor's cookies in it, and none of the visitor's session.
func (c *Cache) answer(next http.Handler, w http.ResponseWriter, r *http.Request, stored *engine.Stored[*response], use rfc9111.Use, now time.Time, visitor reason) bool {
	p := stored.Value
	switch {
	case use == rfc9111.UseWhileMaking && visitor != storable && !p.marks.has(isRefreshing):
		return false
	case use > rfc9111.UseHit && visitor == storable:
		if why := aroundOf(r, w.Header()).tied(&c.rules, r.URL.Path, p.route); why != "" {
			c.tell(r, why)
			if use == rfc9111.UseWhileMaking {
				return false
			}
		} else if p.marks.set(isRefreshing) {
			if id, ok := find.Identify(c.keysFor(visitor), r); !ok || !c.refresh(next, w.Header(), r, id, stored) {
				p.marks.unset(isRefreshing)
			}
		}
	}
	c.observeHit(r)
	c.serve(w, r, p, c.hit(p, p.ageAt(now)))
	return true
}
