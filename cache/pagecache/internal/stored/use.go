package stored

import (
	"net/http"
	"time"
)

// mayReplaceError reports whether p may answer a request although it is stale,
// since the handler could not (RFC 5861 §4).
func (p *Response) MayReplaceError(now time.Time) bool {
	if p.Is(IsStrict | IsNoCache) {
		return false
	}
	return p.IfError > 0 && p.AgeAt(now)-p.Life < p.IfError
}

// canBeValidated reports whether the handler can be asked if p is still what it
// was: by an entity tag that it made itself, or by a date that tells.
func (p *Response) CanBeValidated() bool {
	return p.Status == http.StatusOK && (p.hasOwnETag() || p.Is(IsDated))
}

// hasOwnETag reports whether p has an entity tag that its handler made: one, and
// not none or several.
func (p *Response) hasOwnETag() bool { return p.Is(OwnETag) && p.Header.ETag() != "" }
