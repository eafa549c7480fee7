package pagecache

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// makeETag returns an entity tag for a body: 128 bits of its SHA-256, in as few characters
// as possible. It is weak if a compressor outside the cache makes codings of the body: two
// codings of one page must not have one strong tag (RFC 9110 §8.8.3.3).
func (c *Cache) makeETag(body []byte) string {
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	if c.codedOutside() {
		return "W/" + tag
	}
	return tag
}

// decodable reports whether the Accept-Encoding in h names the coding of p. Some
// compressors leave a strong entity tag as it was.
func decodable(p *stored.Response, h http.Header) bool {
	ok := true
	for _, f := range p.Header.List() {
		if f.Name == "Content-Encoding" {
			rfc9111.ListMembers(http.Header{f.Name: f.Values}, f.Name, func(coding string) bool {
				ok = strings.EqualFold(coding, "identity") || accepts(h, coding)
				return ok
			})
		}
	}
	return ok
}

// accepts reports whether Accept-Encoding names a coding, and not in order to refuse it
// (RFC 9110 §12.5.3).
func accepts(h http.Header, coding string) bool {
	found := false
	rfc9111.ListMembers(h, "Accept-Encoding", func(member string) bool {
		name, weight, _ := strings.Cut(member, ";")
		if strings.EqualFold(strings.TrimRight(name, " \t"), coding) {
			weight = strings.ToLower(strings.TrimLeft(weight, " \t"))
			found = !strings.HasPrefix(weight, "q=0") || strings.Trim(weight[len("q=0"):], ".0") != ""
		}
		return !found
	})
	return found
}

// codedOutside reports whether there is a compressor outside the cache.
func (c *Cache) codedOutside() bool { return slices.Contains(c.opts.IgnoreVary, "Accept-Encoding") }
