package pagecache

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
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

// codedOutside reports whether there is a compressor outside the cache.
func (c *Cache) codedOutside() bool { return slices.Contains(c.opts.IgnoreVary, "Accept-Encoding") }
