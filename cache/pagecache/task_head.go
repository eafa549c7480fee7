package pagecache

import (
	"net/http"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// head has the handler answer a HEAD request, whose header may confirm the
// stored response to GET, or show that it is not what the handler would give
// any more (RFC 9111 §4.3.5).
func (t *task) head() {
	if t.dropPurged(); t.old == nil {
		t.c.pass(t.next, t.w, t.r, t.look.fwd, t.look.detail)
		return
	}
	old := t.old.Value
	rec := t.render(question{})
	if rec.hijacked {
		return
	}
	if rec.muted {
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
	case t.confirmedByHead(rec.header) && t.confirms(rec):
		p = t.confirmed(rec, t.old)
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

// confirmedByHead reports whether the header of a response to HEAD, of which
// describedBy has found nothing that differs, has a validator of the stored
// response. Without one it may be of another body of the same length. A proxy
// takes the length for enough, as RFC 9111 §4.3.5 says, unless somebody has said
// that the response has changed: by a soft purge.
func (t *task) confirmedByHead(h http.Header) bool {
	p := t.old.Value
	switch {
	case t.c.proxy.Transparent && len(h["Etag"]) == 0 && len(h["Last-Modified"]) == 0:
		return len(h["Content-Length"]) > 0 && t.c.values.Judge(t.old) == engine.Fresh
	case p.Is(stored.OwnETag):
		return len(h["Etag"]) > 0
	}
	return p.Is(stored.IsDated) && len(h["Last-Modified"]) > 0
}
