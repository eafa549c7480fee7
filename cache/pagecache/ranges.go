package pagecache

import (
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"

	"github.com/uncache/uncache/internal/httpdate"
)

// mayCut reports whether a part of p may be given. Where a compressor stands around
// the cache, a visitor may have the other part in another coding, of which nobody
// knows what the bytes are (RFC 9110 §14.2: Range is about the selected
// representation, and may be ignored). A handler that gives a strong entity tag
// itself answers for that.
func (o *Options) mayCut(p *response) bool {
	return !o.codedOutside() || p.is(ownETag) && rfc9111.IsStrong(p.header.etag())
}

// ifRange evaluates If-Range: a strong entity tag, or a date that is one of a
// strong validator, has to be p's; what is neither is false (RFC 9110 §13.1.5).
func ifRange(p *response, h http.Header, now time.Time) bool {
	fields := h["If-Range"]
	switch {
	case len(fields) == 0:
		return true
	case len(fields) > 1:
		return false
	case rfc9111.IsStrong(fields[0]):
		return fields[0] == p.header.etag()
	}
	date, ok := httpdate.ParseAt(fields[0], now)
	return ok && p.is(isDated) && date.Equal(p.changed())
}
