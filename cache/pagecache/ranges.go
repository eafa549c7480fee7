package pagecache

import (
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/internal/httpdate"
)

// mayCut reports whether a part of p may be given. Where a compressor stands around
// the cache, a visitor may have the other part in another coding, of which nobody
// knows what the bytes are (RFC 9110 §14.2: Range is about the selected
// representation, and may be ignored). A handler that gives a strong entity tag
// itself answers for that.
func (o *Options) mayCut(p *stored.Response) bool {
	return !o.codedOutside() || p.Is(stored.OwnETag) && rfc9111.IsStrong(p.Header.ETag())
}

// ifRange evaluates If-Range: a strong entity tag, or a date that is one of a
// strong validator, has to be p's; what is neither is false (RFC 9110 §13.1.5).
func ifRange(p *stored.Response, h http.Header, now time.Time) bool {
	fields := h["If-Range"]
	switch {
	case len(fields) == 0:
		return true
	case len(fields) > 1:
		return false
	case rfc9111.IsStrong(fields[0]):
		return fields[0] == p.Header.ETag()
	}
	date, ok := httpdate.ParseAt(fields[0], now)
	return ok && p.Is(stored.IsDated) && date.Equal(p.Changed())
}
