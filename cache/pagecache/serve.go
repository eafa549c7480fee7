package pagecache

import (
	"bytes"
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// The fields that a 304 repeats from the response it stands for (RFC 9110 §15.4.5).
// Others may be left out, and are. Last-Modified is repeated where there is no entity
// tag: a cache that asked by the date recognizes its response by it (RFC 9111 §4.3.4).
var notModifiedFields = map[string]bool{
	"Cache-Control": true, "Content-Location": true, "Date": true, "Etag": true,
	"Expires": true, "Vary": true,
}

// serve answers a request with p, which is stored or about to be. s are the header values that differ from
// one request to the next. Without an age there is no Age field: it would say that the
// handler was not asked.
func (c *Cache) serve(w http.ResponseWriter, r *http.Request, p *stored.Response, s moment) (n sent) {
	if r.Pattern == "" {
		r.Pattern = p.Route // as the ServeMux would have left it for middleware outside the cache
	}
	h := w.Header()
	if p.Status >= 200 && p.Status < 300 && rfc9111.HasConditions(r.Header) && c.notModified(p, r.Header) {
		serveNotModified(w, p, s)
		return sent{status: http.StatusNotModified}
	}
	if p.Status == http.StatusOK && len(r.Header["Range"]) > 0 {
		part := &counter{ResponseWriter: w}
		if c.serveRanges(part, r, p, s) {
			return part.sent
		}
	}
	p.Header.Set(h)
	s.set(h)
	if p.Status != http.StatusNoContent {
		h["Content-Length"] = p.Header.Length()
	}
	w.WriteHeader(int(p.Status))
	n.status = int(p.Status)
	if r.Method != http.MethodHead && len(p.Body) > 0 {
		// The visitor may have left, which is no failure.
		wrote, _ := w.Write(p.Body)
		n.bytes = int64(wrote)
	}
	return n
}

// sent is what was sent to a client.
type sent struct {
	status int
	bytes  int64 // of the body
}

// A counter notes what is sent to a client.
type counter struct {
	http.ResponseWriter
	sent
}

func (w *counter) WriteHeader(code int) {
	if isFinal(code) {
		w.status = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *counter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// notModified reports whether the visitor has p already, by the conditions of the request.
func (c *Cache) notModified(p *stored.Response, asks http.Header) bool {
	var changed time.Time
	if len(asks["If-None-Match"]) == 0 { // or it does not count
		changed = c.changed(p)
	}
	return rfc9111.NotModified(asks, p.Header.ETag(), changed, time.Now())
}

// changed is the date that If-Modified-Since is compared with: Last-Modified or, without
// one, Date (RFC 9111 §4.3.2). Date counts only for a proxy's origin. Of two responses
// that a handler gave in one second, the visitor may have the older one; an entity tag
// tells them apart, and the cache adds one.
func (c *Cache) changed(p *stored.Response) time.Time {
	changed := p.Changed()
	if !changed.IsZero() || !c.proxy.Transparent || p.Header.Get("Last-Modified") != nil {
		return changed // zero if Last-Modified is no date
	}
	return p.DateIn("Date")
}

// serveNotModified answers 304 in place of p.
func serveNotModified(w http.ResponseWriter, p *stored.Response, s moment) {
	h := w.Header()
	untagged := p.Header.ETag() == ""
	for i := range p.Header.Len() {
		if f := p.Header.At(i); notModifiedFields[f.Name] || untagged && f.Name == "Last-Modified" {
			f.Set(h)
		}
	}
	s.set(h)
	w.WriteHeader(http.StatusNotModified)
}

// serveRanges answers with a part of a whole stored response (RFC 9110 §14), or with
// several parts, as net/http does for files. A range that is not there is a 416. It returns
// false if Range is to be ignored.
func (c *Cache) serveRanges(w http.ResponseWriter, r *http.Request, p *stored.Response, s moment) bool {
	ranges, there := rfc9111.ByteRanges(r, len(p.Body))
	if ranges == "" || !c.mayCut(p) || !ifRange(p, r.Header, time.Now()) {
		return false
	}
	h := w.Header()
	if !there {
		h["Cache-Status"] = s.status
		h.Set("Content-Range", "bytes */"+p.Header.Length()[0])
		http.Error(w, "range not satisfiable", http.StatusRequestedRangeNotSatisfiable)
		return true
	}
	p.Header.Set(h)
	s.set(h)
	delete(h, "Content-Range") // it means nothing in a 200, and is forbidden beside several parts (RFC 9110 §15.3.7.2)
	inner := r.WithContext(r.Context())
	inner.Header = r.Header.Clone()
	inner.Header.Set("Range", ranges)
	for _, name := range rfc9111.ConditionFields {
		delete(inner.Header, name) // they were evaluated, by the dates that HTTP allows
	}
	delete(inner.Header, "If-Range")
	http.ServeContent(w, inner, "", time.Time{}, bytes.NewReader(p.Body))
	return true
}
