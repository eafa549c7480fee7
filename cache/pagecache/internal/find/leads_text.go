package find

import (
	"net/http"
	"strings"
)

// A leadText is what a request must be that a lead is for, as [stored.Lead] has it.
type leadText struct {
	text string
	ends [5]uint16
	gap  uint8
}

// textOf returns the text of a request whose response is under key. Mostly it is a part of
// the key, and takes no room. Otherwise the key was escaped, and the text may be twice as
// long: that much is counted. ok is false if the text would be longer, or is too long.
func textOf(r *http.Request, form uint8, key string) (x leadText, ok bool) {
	u := r.URL
	if u.Host != "" {
		return leadText{}, false
	}
	asked := ""
	if form&formAsked == 0 {
		asked = askedPath(r)
	}
	parts := [...]string{r.Host, u.Path, u.RawPath, u.RawQuery, asked}
	size := 0
	for i, part := range parts {
		if size += len(part); size > maxShortcut {
			return leadText{}, false
		}
		x.ends[i] = uint16(size)
	}
	if u.RawPath == "" && asked == "" {
		if x.text, x.gap, ok = within(key, r.Host+u.Path, u.RawQuery); ok {
			x.ends[3] += uint16(x.gap)
			x.ends[4] = x.ends[3]
			return x, true
		}
	}
	if !strings.Contains(key, "%") || size > 2*len(key) {
		return leadText{}, false
	}
	x.text = strings.Join(parts[:], "")
	return x, true
}

// within returns the part of a key that begins with a URL's host and path, if its query
// comes next, and how many bytes are between both.
func within(key, hostPath, query string) (text string, gap uint8, ok bool) {
	i := strings.Index(key, hostPath)
	if i < 0 {
		return "", 0, false
	}
	text = key[i:]
	if query == "" {
		return text, 0, true
	}
	return text, 1, strings.HasPrefix(text[len(hostPath):], "?"+query)
}
