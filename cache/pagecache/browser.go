package pagecache

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// A browser cannot be purged. One that is told nothing keeps a page for a tenth of the
// time since its Last-Modified (RFC 9111 §4.2.2). So browsers are told to ask each time,
// unless the handler has said something to them.
const (
	// askAlways binds every cache on the way. It is for a response whose handler
	// has said nothing to caches, or to this one alone.
	askAlways = "no-cache"

	// askWhenStale does not bind a CDN to which the handler has said s-maxage, or
	// that may go by its own lifetime because of public (RFC 9111 §5.2.2.4).
	askWhenStale = "max-age=0, must-revalidate"

	// visitorsOwn is for a visitor's response, which a CDN would store.
	visitorsOwn = "private, no-cache"
)

// concernsBrowsers reports whether browsers are told to ask about a response, if its
// handler has said nothing to them. They are if it is stored, or if the handler has said
// something to caches or to this one alone. About others they are told what they would be
// without this cache.
func concernsBrowsers(p *rfc9111.Policy) bool { return p.Reason == storable || p.Spoken || p.Told }

// markPart adds to the header of a stranger's part, which passes in answer to r, what
// would be said about the whole.
func (c *Cache) markPart(h http.Header, r *http.Request) {
	now := time.Now()
	whole := h.Clone()
	delete(whole, "Content-Range")
	p := c.rules.Policy(r.Header, http.StatusOK, whole, len(h["Set-Cookie"]) > 0, rfc9111.Told{}, now, now)
	if concernsBrowsers(&p) {
		c.addBrowserWords(h, storable)
	}
}

// browserWords returns what is added to the Cache-Control of a response with header h, or
// "". A browser does not understand what was said to this cache alone: targeted fields,
// SetTTL. It learns nothing from no-transform, an empty Cache-Control, or Pragma, which
// means nothing in a response (§5.4).
func (c *Cache) browserWords(h http.Header, knownBy reason) string {
	cc := rfc9111.ParseControl(h["Cache-Control"])
	switch {
	case cc.MaxAge.Set, cc.NoCache, cc.NoStore, cc.Private, cc.MustRevalidate, cc.Immutable, len(h["Expires"]) > 0:
		return ""
	case c.proxy.Transparent && (knownBy == stranger || cc.SMaxAge.Set || cc.Public):
		return "" // the origin speaks for itself
	case cc.SMaxAge.Set, cc.Public:
		return askWhenStale
	case knownBy != stranger:
		return visitorsOwn
	}
	return askAlways
}

// markVisitors adds to the header of a visitor's response what its handler has not
// said to browsers and CDNs.
func (c *Cache) markVisitors(h http.Header, knownBy reason) {
	if knownBy != stranger {
		c.addBrowserWords(h, knownBy)
	}
}

// addBrowserWords adds what browserWords returns to the header of a response that is
// not stored.
func (c *Cache) addBrowserWords(h http.Header, knownBy reason) {
	if words := c.browserWords(h, knownBy); words != "" {
		h["Cache-Control"] = addWords(h["Cache-Control"], words)
	}
}

// addWords returns the lines of a Cache-Control field with words after the last of them. It
// does not change lines, which may be shared.
func addWords(lines []string, words string) []string {
	if words == "" {
		return lines
	}
	if n := len(lines); n > 0 && strings.Trim(lines[n-1], " \t,") != "" {
		lines = slices.Clone(lines)
		lines[n-1] += ", " + words
		return lines
	}
	return append(lines[:max(len(lines)-1, 0):max(len(lines)-1, 0)], words)
}

// withWords returns the fields of a response to store with words added to its
// Cache-Control. outer are the lines of the middleware outside the cache, which will add
// them again.
func withWords(list []stored.Field, words string, outer []string) []stored.Field {
	if words == "" {
		return list
	}
	i := slices.IndexFunc(list, func(f stored.Field) bool { return f.Name == "Cache-Control" })
	if i < 0 {
		return append(list, stored.Field{Name: "Cache-Control", Values: []string{words}, Adds: len(outer) > 0})
	}
	list[i].Values = addWords(list[i].Values, words)
	return list
}

// said returns the values of a stored field that the handler gave, without our words.
func said(p *stored.Response, name string) []string {
	values := p.Header.Get(name)
	if name != "Cache-Control" || !p.Is(stored.IsImplied) || len(values) == 0 {
		return values
	}
	n := len(values) - 1
	for _, words := range []string{askAlways, askWhenStale, visitorsOwn} {
		if rest, ok := strings.CutSuffix(values[n], ", "+words); ok {
			return append(values[:n:n], rest)
		}
	}
	return values[:n:n] // the last line is ours
}
