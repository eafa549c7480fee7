package django

import (
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// HeaderList returns what Django stores, under ListKey, about the Vary field of
// a response: the names of the fields as WSGI has them, "HTTP_COOKIE".
//
// Since 1.6 they are sorted, and without Accept-Language if USE_I18N is on; that
// 1.6 sorts them was inferred. Before, they are as the response has them. Django
// 6.1, which Join names, strips them and drops empty ones; others keep the white
// space at both ends of the list, and find no such field in a request.
//
// The field is the one that a client sees: Django 6.1 adds Authorization to it
// where the request has that field and the response is not public.
func (s *Site) HeaderList(vary string) []string {
	if vary == "" {
		return []string{}
	}
	list := strings.Split(vary, ",")
	for i, name := range list {
		// Django splits at commas with the white space around them, and keeps
		// what stands before the first name and behind the last.
		if i > 0 {
			name = strings.TrimLeft(name, " \t")
		}
		if i < len(list)-1 {
			name = strings.TrimRight(name, " \t")
		}
		if s.since61() {
			name = strings.TrimSpace(name)
		}
		list[i] = "HTTP_" + strings.ReplaceAll(strings.ToUpper(name), "-", "_")
	}
	if s.since61() {
		list = slices.DeleteFunc(list, func(name string) bool { return name == "HTTP_" })
	}
	if s.Layout <= Layout16 {
		if s.Language != "" {
			list = slices.DeleteFunc(list, func(name string) bool { return name == "HTTP_ACCEPT_LANGUAGE" })
		}
		slices.Sort(list)
	}
	return list
}

// headerDigest hashes the values of the header fields in list.
func (s *Site) headerDigest(list []string, r *http.Request) string {
	var data []byte
	for _, name := range list {
		value, ok := s.headerValue(r, name)
		switch {
		case !ok && (s.Join == JoinConcatMark || s.Join == JoinLengthsMark):
			data = append(data, "-,"...)
		case s.Join == JoinLengths || s.Join == JoinLengthsMark:
			data = fmt.Appendf(data, "%d:%s,", len(value), value)
		default:
			data = append(data, value...)
		}
	}
	return md5Hex(string(data))
}

// headerValue returns the value that WSGI's environment has under name.
func (s *Site) headerValue(r *http.Request, name string) (string, bool) {
	field, ok := strings.CutPrefix(name, "HTTP_")
	field = textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(field, "_", "-"))
	separator := ","
	switch field {
	case "Content-Type", "Content-Length": // they have no HTTP_ there, and are not found
		return "", false
	case "Host":
		return r.Host, r.Host != ""
	case "Cookie":
		separator = "; "
	}
	lines := r.Header[field]
	if !ok || len(lines) == 0 {
		return "", false
	}
	if field == "Cookie" && s.ASGI {
		lines, separator = s.cookiesOverASGI(lines)
	}
	value := strings.Join(lines, separator)
	if s.Layout <= Layout17 {
		value = latin1(value) // Python 3 decodes header fields so, and encodes what it hashes
	}
	return value, true
}

// cookiesOverASGI returns the lines of a Cookie field as Django takes them from
// the server, and what it joins them with. Before 6.0 it treats Cookie as any
// other field.
func (s *Site) cookiesOverASGI(lines []string) (cut []string, separator string) {
	if s.Layout != Layout60 && !s.since61() {
		return lines, ","
	}
	for _, line := range lines {
		cut = append(cut, strings.TrimRight(line, "; "))
	}
	return cut, "; "
}

// latin1 reads s as ISO 8859-1.
func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}
