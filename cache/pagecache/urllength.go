package pagecache

import "net/http"

// maxURL is how long the URL of a request may be, in bytes: its host, path and query. RFC
// 9110 §4.1 asks for 8,000 at least. A request with a longer one passes, and nothing is
// stored for it: a page depends on each prefix of its path, and a server may allow a
// megabyte of them.
const maxURL = 8 << 10

// isLong reports whether the URL of r is too long for the cache: as the client sent it, or
// as middleware outside the cache has left it.
func isLong(r *http.Request) bool {
	u := r.URL
	if u == nil {
		return false
	}
	path := max(len(u.Path), len(u.RawPath), len(u.Opaque))
	return max(len(r.Host), len(u.Host))+max(path+len(u.RawQuery), len(r.RequestURI)) > maxURL
}
