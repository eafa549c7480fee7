package pagecache

import (
	"net/http"
	"strings"
)

// byteRanges returns what a request wants of a body of size bytes, and whether
// any of it is there. Units are named in any case (RFC 9110 §14.1); one that is
// not known, and what is no list of ranges, is ignored (§14.2).
func byteRanges(r *http.Request, size int) (ranges string, there bool) {
	fields := r.Header["Range"]
	const unit = "bytes="
	if len(fields) != 1 || r.Method != http.MethodGet || len(fields[0]) < len(unit) || !strings.EqualFold(fields[0][:len(unit)], unit) {
		return "", false
	}
	list := fields[0][len(unit):]
	some := false
	for spec := range strings.SplitSeq(list, ",") {
		if spec = strings.Trim(spec, " \t"); spec == "" {
			continue
		}
		first, last, ok := strings.Cut(spec, "-")
		from, hasFirst := digits(first)
		to, hasLast := digits(last)
		if !ok || first != "" && !hasFirst || last != "" && !hasLast || !hasFirst && !hasLast || hasFirst && hasLast && to < from {
			return "", false
		}
		some = true
		there = there || hasFirst && from < int64(size) || !hasFirst && to > 0 && size > 0
	}
	if !some {
		return "", false
	}
	return unit + list, there
}
