package keys

import (
	"bytes"
	"slices"
	"strings"

	"github.com/uncache/uncache/keys/internal/escape"
)

// param is one parameter of a query that is being put together in a buffer:
// name is where its name ends there. A pair that is malformed has none.
type param struct {
	start, name, end int
	malformed        bool
}

// appendQuery appends the canonical form of a raw query, with its question
// mark, or nothing if no parameter counts. Only the parameters whose canonical
// names are in only count; if only is nil, all of them do.
//
//   - Pairs are sorted by name. Those of one name keep their order.
//   - Names and values are unescaped and escaped again, a space as "+": what
//     [url.ParseQuery] equates is equal, what it tells apart is not.
//   - "a=" is "a", and nothing between two "&" is nothing.
//   - A pair that ParseQuery drops, for a semicolon or a broken escape, is kept
//     as it is behind the others, because a handler may read the raw query; only
//     bytes that no URI may contain are escaped. Two canonical pairs, one of
//     each kind, are never equal.
func appendQuery(dst []byte, raw string, only map[string]struct{}) []byte {
	if raw == "" || only != nil && len(only) == 0 {
		return dst
	}
	var room [16]param
	params := room[:0]
	sorted := true
	start := len(dst)
	dst = append(dst, '?')
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		p := param{start: len(dst)}
		if p.malformed = strings.IndexByte(pair, ';') >= 0 || !escape.Valid(pair); p.malformed {
			if only != nil {
				continue
			}
			dst = escape.RawPair.Append(dst, pair)
			p.name = len(dst)
		} else {
			name, value, _ := strings.Cut(pair, "=")
			dst = appendParameter(dst, name)
			p.name = len(dst)
			if only != nil {
				if _, ok := only[string(dst[p.start:])]; !ok {
					dst = dst[:p.start]
					continue
				}
			}
			if value != "" || name == "" {
				dst = append(dst, '=')
				dst = appendParameter(dst, value)
			}
		}
		p.end = len(dst)
		if n := len(params); n > 0 && compareParams(dst, params[n-1], p) > 0 {
			sorted = false
		}
		params = append(params, p)
		dst = append(dst, '&')
	}
	if len(params) == 0 {
		return dst[:start]
	}
	if !sorted {
		rearrange(dst, start+1, params)
	}
	return dst[:len(dst)-1]
}

// appendParameter appends a name or a value that is escaped as forms are.
func appendParameter(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		c, n := escape.Decode(s, i)
		if c == ' ' || c == '+' && n == 1 {
			dst = append(dst, '+')
		} else {
			dst = escape.Parameter.AppendByte(dst, c)
		}
		i += n
	}
	return dst
}

func compareParams(buf []byte, a, b param) int {
	switch {
	case a.malformed && b.malformed:
		return 0
	case a.malformed:
		return 1
	case b.malformed:
		return -1
	}
	return bytes.Compare(buf[a.start:a.name], buf[b.start:b.name])
}

// rearrange sorts the pairs in buf[start:], each with an "&" behind it.
func rearrange(buf []byte, start int, params []param) {
	slices.SortStableFunc(params, func(a, b param) int { return compareParams(buf, a, b) })
	var room [512]byte
	pairs := append(room[:0], buf[start:]...)
	buf = buf[:start]
	for _, p := range params {
		buf = append(buf, pairs[p.start-start:p.end-start]...)
		buf = append(buf, '&')
	}
}
