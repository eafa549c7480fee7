package keys

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strings"
)

const digestLen = 32 // 128 bits in hexadecimal

// appendDigest appends the first 128 bits of SHA-256 of data.
func appendDigest(dst, data []byte) []byte {
	sum := sha256.Sum256(data)
	return hex.AppendEncode(dst, sum[:digestLen/2])
}

// appendText appends s behind its length, so that what follows can't be taken
// for a part of it.
func appendText(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// appendFields appends the selecting header fields of h by name.
//
// The lines of a field are trimmed and combined as RFC 9110 §5.3 says, so that
// "a" and "b" on two lines are "a, b" on one; RFC 9111 §4.1 lets a cache compare
// them so. A field that is absent is not an empty one. Fields in which neither
// case nor the space around commas and semicolons means anything are compared
// without. Of Cookie those in cookies count, unless that is nil.
func appendFields(dst []byte, names []string, h http.Header, cookies []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(names)))
	for _, name := range names {
		dst = appendText(dst, name)
		lines := h[name]
		if len(lines) == 0 {
			dst = append(dst, 0)
			continue
		}
		if name == "Cookie" && cookies != nil {
			dst = appendCookies(dst, lines, cookies)
			continue
		}
		if name == "Accept-Encoding" || name == "Accept-Language" {
			dst = append(dst, 2)
			dst = appendFolded(dst, lines)
			continue
		}
		separator := ", "
		if name == "Cookie" { // RFC 9113 §8.2.3, the one field combined otherwise
			separator = "; "
		}
		size := (len(lines) - 1) * len(separator)
		for _, line := range lines {
			size += len(trim(line))
		}
		dst = append(dst, 1)
		dst = binary.AppendUvarint(dst, uint64(size))
		for i, line := range lines {
			if i > 0 {
				dst = append(dst, separator...)
			}
			dst = append(dst, trim(line)...)
		}
	}
	return dst
}

// appendFolded appends the lines of a field that is a list of tokens with weights
// (RFC 9110 §12.5.3, §12.5.4), behind their length.
func appendFolded(dst []byte, lines []string) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	start := len(dst)
	separates := func(c byte) bool { return c == ',' || c == ';' }
	for i, line := range lines {
		if i > 0 {
			dst = append(dst, ',')
		}
		space := false
		for j := 0; j < len(line); j++ {
			c := line[j]
			if c == ' ' || c == '\t' {
				space = true // counts if there is something on both sides
				continue
			}
			if space && len(dst) > start && !separates(c) && !separates(dst[len(dst)-1]) {
				dst = append(dst, ' ')
			}
			space = false
			if 'A' <= c && c <= 'Z' {
				c |= 0x20
			}
			dst = append(dst, c)
		}
	}
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-start))
	return dst
}

// trim removes the optional whitespace of RFC 9110 §5.6.3.
func trim(s string) string { return strings.Trim(s, " \t") }
