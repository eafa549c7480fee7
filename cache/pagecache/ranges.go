package pagecache

import (
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/internal/httpdate"
)

// mayCut reports whether a part of p may be given. With a compressor outside the cache, a
// visitor may have the other part in another coding, and nobody knows what its bytes are. A
// server may ignore Range (RFC 9110 §14.2). A handler that gives a strong entity tag itself
// answers for its bytes.
func (c *Cache) mayCut(p *stored.Response) bool {
	return !c.codedOutside() || p.Is(stored.OwnETag) && rfc9111.IsStrong(p.Header.ETag())
}

// ifRange evaluates If-Range (RFC 9110 §13.1.5). A strong entity tag has to be p's; a date
// has to be p's, and that of a strong validator. Anything else is false.
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
