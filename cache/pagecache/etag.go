package pagecache

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
)

// makeETag returns an entity tag for a body: 128 bits of its SHA-256, in as few
// characters as go. It is strong, unless somebody around us is known to code what
// we give: RFC 9110 §8.8.3.3, two codings of one page must not have one strong tag.
func (o *Options) makeETag(body []byte) string {
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	if o.codedOutside() {
		return "W/" + tag
	}
	return tag
}

// codedOutside reports whether a compressor stands around the cache.
func (o *Options) codedOutside() bool { return slices.Contains(o.IgnoreVary, "Accept-Encoding") }
