package keys

import (
	"net/http"
	"net/url"
	"strings"
)

// Seen returns the request that a handler may be shown whose answer is given to
// everybody with r's key: r itself, or a shallow copy without what is not in the
// key. A copy has a URL of its own. r is returned as it is if it has no key.
//
//	Host         without a default port
//	URL          without the scheme and host of a target in absolute form,
//	             unless the scheme is another than that of the connection; with
//	             the path in canonical form and without the parameters that
//	             don't count
//	RequestURI   in the same form, with the query of URL
//	Form         not parsed yet, where parameters were taken out
//
// Where Options.Exact keeps spellings apart, the path stays as it came. The
// order and the spelling of query parameters stay in any case.
func (b *Builder) Seen(r *http.Request) *http.Request {
	if b.isSeen(r) {
		return r
	}
	var room [2 * DefaultMaxURI]byte
	dst, at, from, err := b.appendRequestURI(room[:0], r)
	if err != nil {
		return r
	}
	u := *r.URL
	host := r.Host
	if host == "" {
		host = u.Host
	}
	host = from.spelling.keyed(host)
	switch {
	case from.rewritten:
	case from.claimed != "":
		u.Host = host
	default:
		u.Scheme, u.Host = "", ""
	}
	u.RawQuery = b.Query(u.RawQuery)
	if !b.exact {
		u.ForceQuery = false
		u.RawPath = ""
		if canonical := string(dst[at.path:at.query]); u.EscapedPath() != canonical {
			u.RawPath = canonical
		}
	}
	target := url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery, ForceQuery: u.ForceQuery}
	requestURI := target.RequestURI()
	if at.asked > at.end {
		_, query, ok := strings.Cut(requestURI, "?")
		if requestURI = string(dst[at.end:at.asked]); ok {
			requestURI += "?" + query
		}
	}
	if from.claimed != "" && !from.rewritten {
		requestURI = from.claimed + "://" + host + requestURI
	}
	if host == r.Host && u == *r.URL && requestURI == r.RequestURI {
		return r
	}
	seen := *r
	seen.Host, seen.URL, seen.RequestURI = host, &u, requestURI
	if u.RawQuery != r.URL.RawQuery {
		seen.Form, seen.PostForm = nil, nil // somebody around may have parsed them
	}
	return &seen
}

// isSeen reports whether r is as Seen makes it, for the requests that clients
// usually send. It is cheap.
func (b *Builder) isSeen(r *http.Request) bool {
	u := r.URL
	if u == nil || u.Scheme != "" || u.Host != "" || u.RawPath != "" || u.ForceQuery || hasDefaultPort(r.Host) {
		return false
	}
	// Where the client sent the decoded path, nothing in it was encoded, and
	// nothing needed it.
	path, query, ok := strings.Cut(r.RequestURI, "?")
	return path == u.Path && query == u.RawQuery && ok == (query != "") && b.Query(query) == query
}

// keyed returns a host, which is so spelled, without what is not in the key.
func (s spelling) keyed(host string) string {
	if s.odd != "" || s.port != "" {
		return host
	}
	for _, port := range [...]string{":", ":80", ":443"} {
		if name, ok := strings.CutSuffix(host, port); ok {
			return name
		}
	}
	return host
}

// hasDefaultPort reports whether a host may have a port that is not in its key.
func hasDefaultPort(host string) bool {
	return strings.HasSuffix(host, ":") || strings.HasSuffix(host, ":80") || strings.HasSuffix(host, ":443")
}
