package pagecache

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// isPersonal reports whether a request says who the visitor is: by Authorization
// (RFC 9111 §3.5), or by one of the cookies in Options.SessionCookies.
func (o *Options) isPersonal(h http.Header) bool {
	return len(h["Authorization"]) > 0 || o.hasSession(h)
}

// forbids says why p must not answer a request with header h, though it is stored:
// the visitor is known, and p does not say that it is for him, too.
func (o *Options) forbids(p *response, h http.Header) reason {
	switch {
	case p.is(isShared):
		return storable
	case len(h["Authorization"]) > 0:
		return reasonAuth
	case o.hasSession(h) && !slices.Contains(p.vary, "Cookie"):
		return reasonSession
	}
	return storable
}

// hasSession reports whether a request carries one of Options.SessionCookies. It
// finds more cookies than net/http, which drops those whose value is malformed and
// knows no commas between them (RFC 2965 §3.3.4): somebody behind the cache may.
func (o *Options) hasSession(h http.Header) bool {
	if len(o.SessionCookies) == 0 {
		return false
	}
	for _, line := range h["Cookie"] {
		for line != "" {
			pair, rest := line, ""
			if i := strings.IndexAny(line, ";,"); i >= 0 {
				pair, rest = line[:i], line[i+1:]
			}
			line = rest
			name, _, _ := strings.Cut(pair, "=")
			if slices.Contains(o.SessionCookies, strings.TrimSpace(name)) {
				return true
			}
		}
	}
	return false
}

// checkCookies refuses what is no name of a cookie (RFC 6265 §4.1.1): it would
// protect nobody.
func checkCookies(names []string) error {
	for _, name := range names {
		if name == "" || strings.ContainsFunc(name, func(c rune) bool {
			return c <= ' ' || c > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, c)
		}) {
			return fmt.Errorf("%w: SessionCookies names the cookie %q: it must be a token of RFC 9110", ErrOptions, name)
		}
		if strings.HasSuffix(name, "*") {
			return fmt.Errorf("%w: SessionCookies names the cookie %q: names are compared whole, there are no patterns", ErrOptions, name)
		}
	}
	return nil
}
