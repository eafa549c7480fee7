package keys

import (
	"encoding/binary"
	"net/http"
	"slices"

	"github.com/uncache/uncache/internal/cookie"
	"github.com/uncache/uncache/internal/option"
)

// Cookies returns the names in Options.Cookies, sorted, each once. It is nil if
// all cookies count.
func (b *Builder) Cookies() []string { return slices.Clone(b.cookies) }

// WithCookies returns a Builder that differs from b in Options.Cookies alone.
// The error is that of [New].
func (b *Builder) WithCookies(names []string) (*Builder, error) {
	counted, err := countedCookies(names)
	if err != nil {
		return nil, err
	}
	other := *b
	other.cookies = counted
	return &other, nil
}

// countedCookies checks Options.Cookies.
func countedCookies(names []string) ([]string, error) {
	if names == nil {
		return nil, nil
	}
	counted := make([]string, 0, len(names)) // not nil: none is not all
	for _, name := range names {
		if err := cookie.Check(name); err != nil {
			return nil, option.Errorf(ErrOptions, "keys: Options.Cookies: %q: %w", name, err)
		}
		counted = append(counted, name)
	}
	slices.Sort(counted)
	return slices.Compact(counted), nil
}

// Cookie returns the Cookie field that a handler may be given of a request with
// header h, and whether it differs from the request's own: the cookies in
// Options.Cookies, sorted by name, joined with "; ", empty if there are none. Keys
// digest exactly that. Where all cookies count the field is as it came, and cut is
// false. It is safe for concurrent use.
func (b *Builder) Cookie(h http.Header) (value string, cut bool) {
	lines := h["Cookie"]
	if b.cookies == nil || len(lines) == 0 {
		return "", false
	}
	value = cookie.Cut(lines, b.cookies)
	return value, len(lines) != 1 || lines[0] != value || value == ""
}

// appendCookies appends those of the cookies in lines that count, or that there
// is no such field.
func appendCookies(dst []byte, lines, counted []string) []byte {
	var room [256]byte
	text := cookie.AppendCut(room[:0], lines, counted)
	if len(text) == 0 {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}
