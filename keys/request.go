package keys

import (
	"fmt"
	"net/http"
	"net/url"
)

// origin is what the digest of a key holds of where a request was sent: the
// scheme, and what its host's canonical form leaves out.
type origin struct {
	scheme   string
	claimed  string // the scheme of an absolute-form target, where it is another; or what was written in its place
	spelling spelling
	raw      string // the path and query, where Options.Exact and not canonical

	rewritten bool // the scheme and the host of the URL are not the client's
}

// layout is where the parts of a key lie in a buffer. Behind the URI lies the
// path that the client asked for, if somebody has changed it since.
type layout struct {
	uri, path, query, end, asked int
}

// Request returns the key of the response to r. If it is not valid the response must
// not be stored; [Builder.Check] says why, and docs/keys.md lists the reasons.
//
// The method is not in the key: GET and HEAD share a stored response. The scheme is
// https if r came over TLS. The host is r.Host, or r.URL.Host if that is empty.
//
// The path of r.RequestURI may differ from that of r.URL: [http.StripPrefix] has
// changed it, or middleware that puts a tenant or a language in front. Then both
// paths are in the key, and so are the scheme and the host of r.URL. The query is that
// of r.URL.
func (b *Builder) Request(r *http.Request) Key {
	var room [2 * DefaultMaxURI]byte
	dst, at, from, err := b.appendRequestURI(append(room[:0], b.prefix...), r)
	if err != nil {
		return Key{}
	}
	return b.key(dst, at, from, r.Header)
}

// Check returns nil if r has a key, or why it has none: an error that is
// [ErrForeignHost], [ErrHost], [ErrPath], [ErrDotSegment], [ErrEmptySegment],
// [ErrQuery] or, for the method and what else is wrong with the target, [ErrURL].
func (b *Builder) Check(r *http.Request) error {
	var room [2 * DefaultMaxURI]byte
	if _, _, _, err := b.appendRequestURI(room[:0], r); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return nil
}

// AppendRequest appends to dst what Request(r).String() returns, and reports
// whether that is valid; if it is not, dst is returned as it was. It allocates
// nothing as long as dst has room for the whole URI, the header fields
// that count take less than half a KiB, and there are at most 16 query
// parameters, sorted or taking less than that.
func (b *Builder) AppendRequest(dst []byte, r *http.Request) ([]byte, bool) {
	full, at, from, err := b.appendRequestURI(append(dst, b.prefix...), r)
	if err != nil {
		return dst, false
	}
	return b.finish(full, at, from, r.Header), true
}

// AppendVariant appends to dst the key of one variant: key, which is that of
// its request, "#", and a digest of the header fields in h that fields names. The
// names are canonical and sorted. Requests whose fields have different values
// have different variants. Values are compared as RFC 9111 §4.1 allows: trimmed,
// the lines of one field combined, and those of Accept-Encoding and
// Accept-Language without regard to case and to space in between. Of Cookie those
// in Options.Cookies count. It allocates nothing as long as dst has room, the
// fields take less than half a KiB, and the cookies that count half of that.
func (b *Builder) AppendVariant(dst []byte, key []byte, fields []string, h http.Header) []byte {
	var room [512]byte
	data := appendFields(room[:0], fields, h, b.cookies)
	dst = append(dst, key...)
	dst = append(dst, '#')
	return appendDigest(dst, data)
}

// appendRequestURI appends the canonical URI of r.
func (b *Builder) appendRequestURI(dst []byte, r *http.Request) ([]byte, layout, origin, error) {
	u := r.URL
	if u == nil || u.Opaque != "" || u.User != nil || r.Method == http.MethodConnect {
		return dst, layout{}, origin{}, ErrURL
	}
	from := origin{scheme: "http"}
	if r.TLS != nil {
		from.scheme = "https"
	}
	switch {
	case u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https":
		return dst, layout{}, origin{}, ErrURL
	case !isClients(r):
		// Somebody around has written it, for a handler that goes by it.
		from.claimed, from.rewritten = u.Scheme+"://"+u.Host, true
	case u.Scheme != "" && u.Scheme != from.scheme:
		// Anyone may send "GET https://..." over a plain connection. The answer
		// may be made for the scheme claimed or the one used, so it is kept
		// apart from the answers to both.
		from.claimed = u.Scheme
	}
	host := r.Host
	if host == "" {
		host = u.Host
	}
	dst, at, err := b.appendURI(dst, host, &from, u)
	if err == nil {
		dst, err = b.appendAsked(dst, &at, r)
	}
	return dst, at, from, err
}

// appendURI appends "host/path?query" and notes in from how host was spelled.
func (b *Builder) appendURI(dst []byte, host string, from *origin, u *url.URL) ([]byte, layout, error) {
	var err error
	at := layout{uri: len(dst)}
	if dst, from.spelling, err = appendHost(dst, host, from.scheme); err != nil {
		return dst, at, err
	}
	at.path = len(dst)
	if !b.answersFor(dst[at.uri:at.path]) {
		return dst, at, ErrForeignHost
	}
	if dst, err = appendURLPath(dst, u, requestPath); err != nil {
		return dst, at, err
	}
	at.query = len(dst)
	dst, _, err = appendQuery(dst, u.RawQuery, b.query)
	at.end = len(dst)
	at.asked = at.end
	if b.exact && err == nil {
		from.raw = b.rawTarget(u, dst[at.path:at.end])
	}
	return dst, at, err
}

// rawTarget returns how the path and the query of u are spelled, if it is not
// as they are in canonical. Parameters that do not count have no spelling.
func (b *Builder) rawTarget(u *url.URL, canonical []byte) string {
	raw := u.EscapedPath()
	if query := b.Query(u.RawQuery); query != "" || u.ForceQuery {
		raw += "?" + query
	}
	if raw == string(canonical) {
		return ""
	}
	return raw
}

func (b *Builder) answersFor(host []byte) bool {
	for _, h := range b.hosts {
		if h == string(host) {
			return true
		}
	}
	return len(b.hosts) == 0
}

// key makes a Key of what appendURI left in dst.
func (b *Builder) key(dst []byte, at layout, from origin, h http.Header) Key {
	k := Key{
		uri:       string(dst[at.uri:at.end]),
		pathStart: at.path - at.uri,
		pathEnd:   at.query - at.uri,
	}
	if at.asked > at.end {
		k.requested = b.requested(dst[at.end:at.asked])
	}
	k.text = string(b.finish(dst, at, from, h))
	return k
}

// finish cuts a URI that is too long, and appends the digest.
func (b *Builder) finish(dst []byte, at layout, from origin, h http.Header) []byte {
	var room [512]byte
	asked := append(room[:0], dst[at.end:at.asked]...)
	dst = dst[:at.end]
	if at.end-at.uri > b.maxURI {
		var room [digestLen]byte
		digest := appendDigest(room[:0], dst[at.uri:at.end])
		dst = append(dst[:at.uri+b.maxURI-1-digestLen], '|')
		dst = append(dst, digest...)
	}
	dst = append(dst, ':')
	if len(b.headers) == 0 && from.claimed == "" && from.spelling == (spelling{}) && from.raw == "" && len(asked) == 0 {
		if from.scheme == "https" {
			return append(dst, b.plain[1]...)
		}
		return append(dst, b.plain[0]...)
	}
	var data [512]byte
	return appendDigest(dst, appendOrigin(data[:0], from, b.headers, h, b.cookies, asked))
}

// appendOrigin appends what the digest of a key is made of.
func appendOrigin(dst []byte, from origin, fields []string, h http.Header, cookies []string, asked []byte) []byte {
	dst = appendText(dst, from.scheme)
	dst = appendText(dst, from.claimed)
	dst = appendText(dst, from.spelling.port)
	switch {
	case from.spelling.odd != "":
		dst = append(dst, '=')
		dst = appendText(dst, from.spelling.odd)
	case from.spelling.dot:
		dst = append(dst, '.')
	default:
		dst = append(dst, 0)
	}
	dst = appendFields(dst, fields, h, cookies)
	if from.raw != "" || len(asked) > 0 {
		dst = appendText(dst, from.raw)
	}
	return append(dst, asked...)
}
