package pagecache

import (
	"bytes"
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/background"
	"github.com/uncache/uncache/cache/pagecache/internal/find"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
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
func (c *Cache) serve(w http.ResponseWriter, r *http.Request, p *stored.Response, s says) {
	if r.Pattern == "" {
		r.Pattern = p.Route // what the ServeMux would have left for those around
	}
	h := w.Header()
	if p.Status >= 200 && p.Status < 300 && rfc9111.HasConditions(r.Header) && c.notModified(p, r.Header) {
		untagged := p.Header.ETag() == ""
		for i := range p.Header.Len() {
			if f := p.Header.At(i); notModifiedFields[f.Name] || untagged && f.Name == "Last-Modified" {
				f.Set(h)
			}
		}
		s.set(h)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if p.Status == http.StatusOK {
		if ranges, there := rfc9111.ByteRanges(r, len(p.Body)); ranges != "" && c.opts.mayCut(p) && ifRange(p, r.Header, time.Now()) {
			c.serveRange(w, r, ranges, there, p, s)
			return
		}
	}
	p.Header.Set(h)
	s.set(h)
	if p.Status != http.StatusNoContent {
		h["Content-Length"] = p.Header.Length()
	}
	w.WriteHeader(int(p.Status))
	if r.Method != http.MethodHead && len(p.Body) > 0 {
		// A visitor who is gone is nobody's failure.
		_, _ = w.Write(p.Body)
	}
}

// notModified reports whether a visitor has p already, as the conditions in his
// request say.
func (c *Cache) notModified(p *stored.Response, asks http.Header) bool {
	var changed time.Time
	if len(asks["If-None-Match"]) == 0 { // or it does not count
		changed = c.changed(p)
	}
	return rfc9111.NotModified(asks, p.Header.ETag(), changed, time.Now())
}

// changed is the date that If-Modified-Since is compared with: Last-Modified, or
// in a response without one Date, as RFC 9111 §4.3.2 says. A handler's response
// that has an entity tag, if only from us, is not given so: of two in one second
// the visitor may have the older one.
func (c *Cache) changed(p *stored.Response) time.Time {
	changed := p.Changed()
	if !changed.IsZero() || !c.proxy.Transparent || p.Header.Get("Last-Modified") != nil {
		return changed // zero, if there is one that is no date
	}
	return p.DateIn("Date")
}

// serveRange answers with a part of a complete stored response (RFC 9110 §14),
// or with several, as net/http does it for files: If-Range with the strong
// comparison, 416 for what is not there.
func (c *Cache) serveRange(w http.ResponseWriter, r *http.Request, ranges string, there bool, p *stored.Response, s says) {
	h := w.Header()
	if !there {
		h["Cache-Status"] = s.status
		h.Set("Content-Range", "bytes */"+p.Header.Length()[0])
		http.Error(w, "range not satisfiable", http.StatusRequestedRangeNotSatisfiable)
		return
	}
	p.Header.Set(h)
	s.set(h)
	delete(h, "Content-Range") // of a whole it means nothing, of several parts it is forbidden (RFC 9110 §15.3.7.2)
	inner := r.WithContext(r.Context())
	inner.Header = r.Header.Clone()
	inner.Header.Set("Range", ranges)
	for _, name := range rfc9111.ConditionFields {
		delete(inner.Header, name) // they were evaluated, and by HTTP's dates
	}
	delete(inner.Header, "If-Range")
	http.ServeContent(w, inner, "", time.Time{}, bytes.NewReader(p.Body))
}

// answer answers a request with what is stored. It returns false if that may be
// done only while its successor is made, and that must not be made in the
// background. A visitor's request is never rendered there: the page would have the
// visitor's cookies in it, and none of the visitor's session.
func (c *Cache) answer(next http.Handler, w http.ResponseWriter, r *http.Request, found *engine.Stored[*stored.Response], use rfc9111.Use, now time.Time, visitor reason) bool {
	p := found.Value
	switch {
	case use == rfc9111.UseWhileMaking && visitor != storable && !p.Marks.Has(stored.IsRefreshing):
		return false
	case use > rfc9111.UseHit && visitor == storable:
		if why := background.OuterOf(r, w.Header()).Obstacle(&c.rules, r.URL.Path, p.Route); why != "" {
			c.tell(r, why)
			if use == rfc9111.UseWhileMaking {
				return false
			}
		} else if p.Marks.Set(stored.IsRefreshing) {
			if id, ok := find.Identify(c.keysFor(visitor), r); !ok || !c.refresh(next, w.Header(), r, id, found) {
				p.Marks.Unset(stored.IsRefreshing)
			}
		}
	}
	c.observeHit(r)
	c.serve(w, r, p, c.hit(p, p.AgeAt(now)))
	return true
}
