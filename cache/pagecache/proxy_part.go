package pagecache

import (
	"net/http"
	"strconv"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// partField selects the stored part of a body among the responses of a target URI. No
// header field can have this name.
var partField = []string{":part"}

// servePart answers a request for a range with a stored part, if that holds the range
// (RFC 9111 §3.3). It is called where no whole response is stored. If served is false,
// part is a stored part that does not hold the range, or nil.
func (c *Cache) servePart(w http.ResponseWriter, r *http.Request, s *scratch, asks *rfc9111.Control, knownBy reason) (part *engine.Stored[*stored.Response], served bool) {
	if !c.keepsParts(r) {
		return nil, false
	}
	s.Variant = c.keys.AppendVariant(s.Variant[:0], s.Primary, partField, nil)
	part, verdict, err := c.values.Get(r.Context(), s.Variant)
	if err != nil || part == nil || !part.Value.Is(stored.IsPart) {
		return nil, false
	}
	p, now := part.Value, time.Now()
	first, end, ok := rfc9111.OneRange(r.Header["Range"][0], p.Part.Size)
	if !ok || !c.mayCut(p) || first < p.Part.First || end > p.Part.End {
		return part, false
	}
	if use, why := mayAnswer(r, p, verdict, asks, knownBy, now); why != storable || use != rfc9111.UseHit {
		return part, false
	}
	if !isBackground(w) {
		c.count.hit(p)
	}
	n := sent{status: http.StatusPartialContent}
	if c.opts.Observe != nil {
		defer func() { c.observeHit(w, r, p, n) }()
	}
	if r.Pattern == "" {
		r.Pattern = p.Route
	}
	h := w.Header()
	p.Header.Set(h)
	said := c.hit(p, p.AgeAt(now))
	said.set(h)
	h.Set("Content-Range", "bytes "+strconv.FormatInt(first, 10)+"-"+strconv.FormatInt(end-1, 10)+"/"+strconv.FormatInt(p.Part.Size, 10))
	h.Set("Content-Length", strconv.FormatInt(end-first, 10))
	w.WriteHeader(http.StatusPartialContent)
	first, end = first-p.Part.First, end-p.Part.First
	wrote, _ := w.Write(p.Body[first:end:end]) // the visitor may be gone
	n.bytes = int64(wrote)
	return part, true
}

// keepsParts reports whether parts are stored of what r asks for: where the handler is a
// proxy, another part costs a request to its origin. A request with a condition is left
// to the origin; a 206 to If-Range lacks fields (RFC 9110 §15.3.7).
func (c *Cache) keepsParts(r *http.Request) bool {
	return c.proxy.Transparent && r.Method == http.MethodGet && len(r.Header["Range"]) == 1 && len(r.Header["If-Range"]) == 0 && !rfc9111.HasConditions(r.Header)
}
