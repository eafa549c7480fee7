package stored

import (
	"net/http"
	"time"
)

// MayReplaceError reports whether p may answer a request although it is stale, because the
// handler has failed (RFC 5861 §4).
func (p *Response) MayReplaceError(now time.Time) bool {
	if p.Is(IsStrict | IsNoCache) {
		return false
	}
	return p.IfError > 0 && p.AgeAt(now)-p.Life < p.IfError
}

// CanBeValidated reports whether the handler can be asked if p is still good: by an entity
// tag that it made itself, or by a date that tells versions apart.
func (p *Response) CanBeValidated() bool {
	return p.Status == http.StatusOK && (p.hasOwnETag() || p.Is(IsDated))
}

// hasOwnETag reports whether p has exactly one entity tag, and its handler made that.
func (p *Response) hasOwnETag() bool { return p.Is(OwnETag) && p.Header.ETag() != "" }
