package keys

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/uncache/uncache/keys/internal/escape"
)

// MaxParameters is how many parameters a query may have, with the empty ones
// that two "&" in a row enclose.
//
// [url.ParseQuery] refuses a query of more than 10,000 (or what GODEBUG's
// urlmaxqueryparams says) as a whole, so that a handler sees none of it, while
// the empty ones and those that don't count are not in a key: it would be the
// key of a page that has what the handler did not see. It also bounds what it
// costs to sort a query that somebody made up.
const MaxParameters = 256

// ErrQuery is what is wrapped by the errors of a query that no key can hold: it
// has more than [MaxParameters] parameters or, where Options.Query says which of
// them count, one that is malformed.
var ErrQuery = errors.New("query that has no key")

var (
	errParameters = fmt.Errorf("%w: more than %d parameters", ErrQuery, MaxParameters)
	errMalformed  = fmt.Errorf("%w: a malformed parameter", ErrQuery)
)

// Query returns what counts of the raw query of a request: rawQuery as it is if
// all of its parameters count, or else the canonical query of those that do. A
// handler that is given no more than that cannot put the others into a page
// which requests without them share. The request's key is the same with it.
//
// A query that no key can hold is returned as it is. It is safe for concurrent
// use, and allocates only if a parameter does not count.
func (b *Builder) Query(rawQuery string) string {
	if b.query == nil {
		return rawQuery
	}
	var room [DefaultMaxURI]byte
	counted, all, err := appendQuery(room[:0], rawQuery, b.query)
	if err != nil || all {
		return rawQuery
	}
	return strings.TrimPrefix(string(counted), "?")
}

// param is one parameter of a query that is being put together in a buffer:
// name is where its name ends there. A pair that is malformed has none.
type param struct {
	start, name, end int
	malformed        bool
}

// appendQuery appends the canonical form of a raw query, with its question
// mark, or nothing if no parameter counts. Only parameters whose canonical names are in
// only count; if it is nil, all do. It reports whether all of those in raw count.
//
//   - Pairs are sorted by name; those of one name keep their order.
//   - Names and values are unescaped and escaped again, a space as "+".
//   - "a=" is "a", and nothing between two "&" is nothing.
//   - A pair that ParseQuery drops (a semicolon, a broken escape) is kept behind
//     the others, or is an error where only is not nil: it has no name.
func appendQuery(dst []byte, raw string, only map[string]struct{}) (_ []byte, all bool, _ error) {
	if raw == "" {
		return dst, true, nil
	}
	if strings.Count(raw, "&") >= MaxParameters {
		return dst, false, errParameters
	}
	var room [16]param
	params := room[:0]
	sorted, all := true, true
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
				return dst[:start], false, errMalformed
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
					all = false
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
		return dst[:start], all, nil
	}
	if !sorted {
		rearrange(dst, start+1, params)
	}
	return dst[:len(dst)-1], all, nil
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
