package cookie

import (
	"slices"
	"strings"
)

const separator = "; "

// AppendCut appends the cookies in lines whose names are in names, as one line:
// sorted by name, those of one name in their order, joined with "; ". It appends
// nothing if there are none. It allocates nothing for up to 16 cookies.
//
// A pair is kept whole: "a=1, b=2" counts as a cookie "a" that also counts as "b".
func AppendCut(dst []byte, lines, names []string) []byte {
	var room [16]string
	pairs, sorted := room[:0], true
	for _, line := range lines {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			if !counts(pair, names) {
				continue
			}
			pair = trim(pair)
			sorted = sorted && (len(pairs) == 0 || compare(pairs[len(pairs)-1], pair) <= 0)
			pairs = append(pairs, pair)
		}
	}
	if !sorted {
		slices.SortStableFunc(pairs, compare)
	}
	for i, pair := range pairs {
		if i > 0 {
			dst = append(dst, separator...)
		}
		dst = append(dst, pair...)
	}
	return dst
}

func compare(a, b string) int { return strings.Compare(nameOf(a), nameOf(b)) }

// Cut returns what [AppendCut] appends.
func Cut(lines, names []string) string {
	if s, ok := CutInPlace(lines, names); ok {
		return s
	}
	var room [256]byte
	return string(AppendCut(room[:0], lines, names))
}

// CutInPlace returns what [AppendCut] appends if that is a part of one of the
// lines: ok is false if the cookies with these names stand apart, or in another
// order. It allocates nothing.
func CutInPlace(lines, names []string) (s string, ok bool) {
	for _, line := range lines {
		start, end := -1, 0 // of what counts in this line
		last := ""
		for at := 0; at < len(line); {
			stop := len(line)
			if i := strings.IndexByte(line[at:], ';'); i >= 0 {
				stop = at + i
			}
			if pair := line[at:stop]; counts(pair, names) {
				from := at + len(pair) - len(strings.TrimLeft(pair, " \t"))
				name := nameOf(pair)
				switch {
				case s != "": // in another line
					return "", false
				case start < 0:
					start = from
				case line[end:from] != separator || name < last:
					return "", false
				}
				end, last = from+len(trim(pair)), name
			}
			at = stop + 1
		}
		if start >= 0 {
			s = line[start:end]
		}
	}
	return s, true
}
