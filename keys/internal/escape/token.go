package escape

import "strings"

// NotToken reports whether c may not stand in a token (RFC 9110 §5.6.2).
func NotToken(c rune) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.ContainsRune("!#$%&'*+-.^_`|~", c))
}
