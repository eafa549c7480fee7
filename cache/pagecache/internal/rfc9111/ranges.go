package rfc9111

import (
	"math"
	"net/http"
	"strconv"
	"strings"
)

// MaxPosition is what a position in a body counts as that is larger (RFC 9110
// §14.1.2: numbers may be large).
const MaxPosition = math.MaxInt64 / 100

// Each range of a list is answered with some hundred bytes of its own, and each byte
// of a body as often as ranges name it. Without bounds a short request would have a
// long answer.
const (
	maxRanges     = 16
	maxRangeField = 1 << 10 // bytes: more than maxRanges of the largest numbers take
)

// ByteRanges returns what a request wants of a body of size bytes, and whether
// any of it is there. Units are named in any case (RFC 9110 §14.1). A server may
// ignore Range (§14.2). Ignored are a unit that is not known, what is no list of
// ranges, more than maxRanges of them, and ranges that overlap.
func ByteRanges(r *http.Request, size int) (list string, there bool) {
	fields := r.Header["Range"]
	const unit = "bytes="
	if len(fields) != 1 || r.Method != http.MethodGet || len(fields[0]) < len(unit) || !strings.EqualFold(fields[0][:len(unit)], unit) {
		return "", false
	}
	if len(fields[0]) > maxRangeField {
		return "", false
	}
	b := []byte(unit)
	var all ranges
	for spec := range strings.SplitSeq(fields[0][len(unit):], ",") {
		if spec = strings.Trim(spec, " \t"); spec == "" {
			continue
		}
		first, last, ok := strings.Cut(spec, "-")
		from, hasFirst := DigitsUpTo(first, MaxPosition)
		to, hasLast := DigitsUpTo(last, MaxPosition)
		if !ok || first != "" && !hasFirst || last != "" && !hasLast || !hasFirst && !hasLast || hasFirst && hasLast && to < from {
			return "", false
		}
		if !all.add(from, hasFirst, to, hasLast, int64(size)) {
			return "", false
		}
		// Written anew, since net/http takes no number that is too large for it.
		if len(b) > len(unit) {
			b = append(b, ',')
		}
		if hasFirst {
			b = strconv.AppendInt(b, from, 10)
		}
		if b = append(b, '-'); hasLast {
			b = strconv.AppendInt(b, to, 10)
		}
	}
	if len(b) == len(unit) {
		return "", false
	}
	return string(b), all.there > 0
}

// ranges are those of a Range field.
type ranges struct {
	count int
	there int // how many of them are in the body
	taken [maxRanges]struct{ first, end int64 }
}

// add adds a range of a body of some size. It returns false if there are too many,
// or two that overlap.
func (r *ranges) add(from int64, hasFirst bool, to int64, hasLast bool, size int64) bool {
	if r.count++; r.count > maxRanges {
		return false
	}
	first, end := from, size
	switch {
	case !hasFirst:
		first = max(size-to, 0)
	case hasLast:
		end = min(to+1, size)
	}
	if first >= end {
		return true // it is not there
	}
	for _, t := range r.taken[:r.there] {
		if first < t.end && t.first < end {
			return false
		}
	}
	r.taken[r.there].first, r.taken[r.there].end = first, end
	r.there++
	return true
}

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
