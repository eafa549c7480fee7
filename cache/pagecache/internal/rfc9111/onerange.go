package rfc9111

import (
	"net/http"
	"strings"
)

// OneRange returns the bytes that a Range field asks for of size bytes: from first to
// the one before end. ok is false unless it is one range, and there.
func OneRange(field string, size int64) (first, end int64, ok bool) {
	const unit = "bytes="
	if len(field) < len(unit) || !strings.EqualFold(field[:len(unit)], unit) {
		return 0, 0, false
	}
	from, to, ok := strings.Cut(strings.Trim(field[len(unit):], " \t"), "-")
	a, hasA := DigitsUpTo(from, MaxPosition)
	b, hasB := DigitsUpTo(to, MaxPosition)
	switch {
	case !ok || from != "" && !hasA || to != "" && !hasB:
		return 0, 0, false
	case hasA && hasB:
		first, end = a, min(b+1, size)
	case hasA:
		first, end = a, size
	case hasB:
		first, end = max(size-b, 0), size
	}
	return first, end, first < end
}

// ContentRange reads the Content-Range of a 206 (RFC 9110 §14.4): the bytes from first
// to the one before end, of size bytes. ok is false unless it is one part of a body
// whose size is known.
func ContentRange(h http.Header) (first, end, size int64, ok bool) {
	fields := h["Content-Range"]
	if len(fields) != 1 || len(h["Content-Type"]) > 0 && strings.HasPrefix(strings.ToLower(h["Content-Type"][0]), "multipart/byteranges") {
		return 0, 0, 0, false
	}
	unit, rest, _ := strings.Cut(fields[0], " ")
	bytes, whole, _ := strings.Cut(strings.TrimLeft(rest, " "), "/")
	from, to, _ := strings.Cut(bytes, "-")
	first, ok1 := DigitsUpTo(from, MaxPosition)
	last, ok2 := DigitsUpTo(to, MaxPosition)
	size, ok3 := DigitsUpTo(whole, MaxPosition)
	ok = strings.EqualFold(unit, "bytes") && ok1 && ok2 && ok3 && first <= last && last < size && size < MaxPosition
	return first, last + 1, size, ok
}
