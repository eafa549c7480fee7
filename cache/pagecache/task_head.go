package pagecache

import (
	"net/http"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// head has the handler answer a HEAD request. The header may validate the stored response
// to GET, or show that the handler would give another one (RFC 9111 §4.3.5).
func (t *task) head() {
	if t.dropPurged(); t.old == nil {
		t.c.pass(t.next, t.w, t.r, t.cacheStatus.fwd, t.cacheStatus.detail)
		return
	}
	old := t.old.Value
	defer t.over()
	rec := t.render(question{})
	t.done = true
	if rec.hijacked {
		return
	}
	if rec.replaced {
		t.serveStale(rec)
		return
	}
	var p *stored.Response
	switch {
	case rec.unwrapped, rec.gaveUp: // its header may be another's
	case rec.status == http.StatusNotFound, rec.status == http.StatusGone:
		t.forget()
	case rec.status != int(old.Status): // 405, an error: nothing about what a GET gives
	case !old.DescribedBy(rec.header):
		t.forget()
	case t.validatedByHead(rec.header) && t.isValidated(rec):
		p = t.freshened(rec, t.old)
		t.promise(rec, p)
	}
	sent := rec.sendHeader()
	if p != nil {
		t.storeAfterHeader(rec, p, rec.sent)
	}
	if sent {
		rec.sendBody() // net/http sends nothing of it, but may learn the type
	}
}

// validatedByHead reports whether the header of a response to HEAD has a validator of the
// stored response. DescribedBy has found no difference. Without a validator it may be the
// header of another body with the same length.
//
// The length is enough for a proxy, as RFC 9111 §4.3.5 says, unless a soft purge has said
// that the response has changed.
func (t *task) validatedByHead(h http.Header) bool {
	p := t.old.Value
	switch {
	case t.c.proxy.Transparent && len(h["Etag"]) == 0 && len(h["Last-Modified"]) == 0:
		return len(h["Content-Length"]) > 0 && t.c.values.Judge(t.old) == engine.Fresh
	case p.Is(stored.OwnETag):
		return len(h["Etag"]) > 0
	}
	return p.Is(stored.IsDated) && len(h["Last-Modified"]) > 0
}
