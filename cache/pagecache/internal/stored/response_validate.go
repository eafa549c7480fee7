package stored

import (
	"net/http"
	"slices"
	"strings"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
)

// SetConditions makes the request that validates p conditional (RFC 9111 §4.3.1).
func (p *Response) SetConditions(h http.Header) {
	if p.hasOwnETag() {
		h["If-None-Match"] = []string{p.Header.ETag()}
	}
	if p.Is(IsDated) {
		h["If-Modified-Since"] = slices.Clone(p.Header.Get("Last-Modified"))
	}
}

// ValidatedBy reports whether a 304 with header h is about p (RFC 9111 §4.3.4): a strong
// entity tag has to be p's own, and so has a date.
func (p *Response) ValidatedBy(h http.Header) bool {
	if tags := h["Etag"]; len(tags) > 0 {
		if strings.HasPrefix(tags[0], "W/") {
			return rfc9111.Opaque(tags[0]) == rfc9111.Opaque(p.Header.ETag())
		}
		return tags[0] == p.Header.ETag()
	}
	if dates := h["Last-Modified"]; len(dates) > 0 && !p.Is(OwnETag) {
		return slices.Equal(p.Header.Get("Last-Modified"), dates)
	}
	return true
}

// DescribedBy reports whether the header of a response to HEAD may be that of
// p: of what both of them have, nothing differs.
func (p *Response) DescribedBy(h http.Header) bool {
	if length := h["Content-Length"]; len(length) > 0 && !slices.Equal(length, p.Header.Length()) {
		return false
	}
	for i := range p.Header.Len() {
		f := p.Header.At(i)
		name := f.Name
		if name != "Last-Modified" && (name != "Etag" || !p.Is(OwnETag)) {
			continue
		}
		if values := h[name]; len(values) > 0 && !slices.Equal(values, f.Values) {
			return false
		}
	}
	return true
}
