// Package escape percent-encodes the one way that packages keys and route
// agree on: a byte is written as it is where RFC 3986 lets it stand, and as %XX
// in upper case otherwise.
package escape

import "strings"

const (
	// unreserved is RFC 3986 §2.3.
	unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	subDelims  = "!$&'()*+,;="

	upperHex = "0123456789ABCDEF"
)

// A Set holds the bytes that stand for themselves.
type Set [256]bool

var (
	// Segment is pchar, what a path segment is made of (RFC 3986 §3.3).
	Segment = setOf(unreserved + subDelims + ":@")

	// Written is what a canonical path has unescaped in a segment: what Segment
	// has, without the star. So a pattern is no canonical path.
	Written = setOf(unreserved + strings.ReplaceAll(subDelims, "*", "") + ":@")

	// Name is what a host name is made of (RFC 3986 §3.2.2), less the
	// percent-encoding that no client sends.
	Name = setOf(unreserved + subDelims)

	// Parameter is what may stand in the name or the value of a query
	// parameter: the characters of a query (RFC 3986 §3.4) that neither
	// separate parameters nor mean something to form decoding.
	Parameter = setOf(unreserved + "!$'()*,:@/?")

	// RawPair is what may stand between two "&" of a query, encoded or not.
	RawPair = setOf(unreserved + "!$'()*+,;=:@/?%")

	// DjangoPath and DjangoIRI are what Django's escape_uri_path and
	// iri_to_uri leave as it is.
	DjangoPath = setOf(unreserved + "/:@&+$,!*'()")
	DjangoIRI  = setOf(unreserved + "/#%[]=:;$&()+,!?*@'")
)

func setOf(chars string) *Set {
	var s Set
	for i := range len(chars) {
		s[chars[i]] = true
	}
	return &s
}

// Append appends s to dst and encodes the bytes that are not in the set.
func (set *Set) Append(dst []byte, s string) []byte {
	for i := range len(s) {
		dst = set.AppendByte(dst, s[i])
	}
	return dst
}

// AppendByte appends c to dst, encoded unless it is in the set.
func (set *Set) AppendByte(dst []byte, c byte) []byte {
	if set[c] {
		return append(dst, c)
	}
	return append(dst, '%', upperHex[c>>4], upperHex[c&15])
}

// Decode returns the byte that s[i:] begins with and the number of bytes that
// it takes there: three for a percent-encoded byte, one for any other, zero
// for a percent sign that no two hexadecimal digits follow.
func Decode(s string, i int) (c byte, n int) {
	if s[i] != '%' {
		return s[i], 1
	}
	if i+2 >= len(s) {
		return 0, 0
	}
	hi, lo := digit(s[i+1]), digit(s[i+2])
	if hi < 0 || lo < 0 {
		return 0, 0
	}
	return byte(hi<<4 | lo), 3
}

// Valid reports whether every percent sign in s begins an encoded byte.
func Valid(s string) bool {
	for {
		i := strings.IndexByte(s, '%')
		if i < 0 {
			return true
		}
		if _, n := Decode(s, i); n == 0 {
			return false
		}
		s = s[i+3:]
	}
}

func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
