package find

import (
	"hash/maphash"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/internal/cookie"
)

const (
	maxShortcut  = 1 << 10             // bytes of a request that are remembered
	maxSelecting = stored.MaxSelecting // fields
)

// A shortcut is for the requests of one URL whose selecting fields have the same values. It
// lies in few cache lines.
type shortcut struct {
	text   []byte              // host, path, raw path, query, host in the URL, asked path, values, key
	ends   [6]uint16           // of the first six
	keyAt  uint16              //
	values [maxSelecting]int16 // lengths; absent for no such field
	count  uint8               // of values
	form   uint8               // see form
	by     uint32              // its selector
	set    *varySet            // where the memo has its URL
	change uint32              // of the set, when it was made
	used   atomic.Bool
}

const absent = -1

// is reports whether e is for a request whose selecting fields have these values.
func (e *shortcut) is(r *http.Request, v *selecting) bool {
	u, t, host, path, raw := r.URL, e.text, e.ends[0], e.ends[1], e.ends[2]
	query, urlHost, at := e.ends[3], e.ends[4], int(e.ends[5])
	if string(t[:host]) != r.Host || string(t[host:path]) != u.Path || string(t[path:raw]) != u.RawPath || string(t[raw:query]) != u.RawQuery || string(t[query:urlHost]) != u.Host {
		return false
	}
	if e.form&formAsked == 0 && string(t[urlHost:at]) != askedPath(r) {
		return false
	}
	for i := range e.count {
		n := int(e.values[i])
		if n == absent != !v.there[i] {
			return false
		}
		if n == absent {
			continue
		}
		if string(t[at:at+n]) != v.lines[i] {
			return false
		}
		at += n
	}
	return true
}

// write writes e's text. It is false if that would be too long.
func (e *shortcut) write(r *http.Request, v *selecting, count int, key string) bool {
	u, asked := r.URL, ""
	if e.form&formAsked == 0 {
		asked = askedPath(r)
	}
	size := len(r.Host) + len(u.Path) + len(u.RawPath) + len(u.RawQuery) + len(u.Host) + len(asked)
	for _, line := range v.lines {
		size += len(line)
	}
	if size > maxShortcut {
		return false
	}
	e.text = make([]byte, 0, size+len(key))
	for i, part := range [...]string{r.Host, u.Path, u.RawPath, u.RawQuery, u.Host, asked} {
		e.text = append(e.text, part...)
		e.ends[i] = uint16(len(e.text))
	}
	e.count = uint8(count)
	for i := range count {
		if e.values[i] = absent; v.there[i] {
			e.values[i] = int16(len(v.lines[i]))
			e.text = append(e.text, v.lines[i]...)
		}
	}
	e.keyAt = uint16(len(e.text))
	e.text = append(e.text, key...)
	return true
}

// form is what else of a request is in its key.
func form(r *http.Request) (f uint8, ok bool) {
	if r.TLS != nil {
		f = 1
	}
	switch r.URL.Scheme {
	case "":
	case "http":
		f |= 2
	case "https":
		f |= 4
	default:
		return 0, false
	}
	if asksForURL(r) {
		f |= formAsked
	}
	u := r.URL
	return f, u.Opaque == "" && u.User == nil && !u.ForceQuery && r.Host != ""
}

// formAsked is for a request whose RequestURI begins as its URL's path is written: then the
// shortcut need not have both.
const formAsked = 8

func asksForURL(r *http.Request) bool {
	path, uri := r.URL.RawPath, r.RequestURI
	if path == "" {
		path = r.URL.Path
	}
	return len(uri) >= len(path) && uri[:len(path)] == path && (len(uri) == len(path) || uri[len(path)] == '?')
}

// askedPath returns what counts of a RequestURI that does not begin so.
func askedPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	return path
}

// selecting are the values of a selector's fields in a request.
type selecting struct {
	lines [maxSelecting]string
	there [maxSelecting]bool
}

// read takes in the values of fields in h, and adds them to a hash. It returns false if a
// field has several lines. It allocates only if the cookies that count are not side by
// side, or not sorted by name.
func (s *selecting) read(seed maphash.Seed, h http.Header, fields, cookies []string, hash uint64) (uint64, bool) {
	for i, name := range fields {
		lines := h[name]
		if name == "Cookie" && cookies != nil && len(lines) > 0 {
			if text := cookie.Cut(lines, cookies); text != "" {
				s.lines[i], s.there[i] = text, true
				hash = hash*hashMultiplier ^ maphash.String(seed, text)
				continue
			}
			lines = nil
		}
		switch len(lines) {
		case 0:
			hash = hash*hashMultiplier + 1
		case 1:
			s.lines[i], s.there[i] = lines[0], true
			hash = hash*hashMultiplier ^ maphash.String(seed, lines[0])
		default:
			return 0, false
		}
	}
	return hash, true
}

// hashMultiplier gives the same values in another order another hash.
const hashMultiplier = 0x9e3779b97f4a7c15
