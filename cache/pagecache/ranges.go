package pagecache

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/uncache/uncache/internal/httpdate"
)

// maxPosition is what a position in a body counts as that is larger (RFC 9110
// §14.1.2: numbers may be large).
const maxPosition = math.MaxInt64 / 100

// byteRanges returns what a request wants of a body of size bytes, and whether
// any of it is there. Units are named in any case (RFC 9110 §14.1); one that is
// not known, and what is no list of ranges, is ignored (§14.2).
func byteRanges(r *http.Request, size int) (ranges string, there bool) {
	fields := r.Header["Range"]
	const unit = "bytes="
	if len(fields) != 1 || r.Method != http.MethodGet || len(fields[0]) < len(unit) || !strings.EqualFold(fields[0][:len(unit)], unit) {
		return "", false
	}
	list := []byte(unit)
	for spec := range strings.SplitSeq(fields[0][len(unit):], ",") {
		if spec = strings.Trim(spec, " \t"); spec == "" {
			continue
		}
		first, last, ok := strings.Cut(spec, "-")
		from, hasFirst := digitsUpTo(first, maxPosition)
		to, hasLast := digitsUpTo(last, maxPosition)
		if !ok || first != "" && !hasFirst || last != "" && !hasLast || !hasFirst && !hasLast || hasFirst && hasLast && to < from {
			return "", false
		}
		there = there || hasFirst && from < int64(size) || !hasFirst && to > 0 && size > 0
		// Written anew, since net/http takes no number that is too large for it.
		if len(list) > len(unit) {
			list = append(list, ',')
		}
		if hasFirst {
			list = strconv.AppendInt(list, from, 10)
		}
		if list = append(list, '-'); hasLast {
			list = strconv.AppendInt(list, to, 10)
		}
	}
	if len(list) == len(unit) {
		return "", false
	}
	return string(list), there
}

// mayCut reports whether a part of p may be given. Where a compressor stands around
// the cache, a visitor may have the other part in another coding, of which nobody
// knows what the bytes are (RFC 9110 §14.2: Range is about the selected
// representation, and may be ignored). A handler that gives a strong entity tag
// itself answers for that.
func (o *Options) mayCut(p *response) bool {
	return !o.codedOutside() || p.is(ownETag) && isStrong(p.header.etag())
}

// ifRange evaluates If-Range: a strong entity tag, or a date that is one of a
// strong validator, has to be p's; what is neither is false (RFC 9110 §13.1.5).
func (p *response) ifRange(h http.Header, now time.Time) bool {
	fields := h["If-Range"]
	switch {
	case len(fields) == 0:
		return true
	case len(fields) > 1:
		return false
	case isStrong(fields[0]):
		return fields[0] == p.header.etag()
	}
	date, ok := httpdate.ParseAt(fields[0], now)
	return ok && p.is(isDated) && date.Equal(p.changed())
}
