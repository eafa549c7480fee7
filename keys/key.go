package keys

// A Key names the stored response of a request. Keys are comparable: they are
// equal if and only if their Strings are, among those of one Builder. The zero
// Key names nothing.
type Key struct {
	text      string // prefix:host/path?query:digest
	uri       string // host/path?query, however long
	pathStart int    // in uri
	pathEnd   int
	requested string // the path that the client asked for, if another
}

// String returns the key as a cache is given it, "prefix:host/path?query:digest".
// It is printable ASCII without spaces, and empty if k is not valid: store nothing then.
func (k Key) String() string { return k.text }

// Valid reports whether k names something.
func (k Key) Valid() bool { return k.text != "" }

// URI returns the canonical target URI without its scheme,
// "host/path?query": what cache.URI is to be named with. It has only those
// parameters that Options.Query lets count.
func (k Key) URI() string { return k.uri }

// Target returns the canonical target URI without scheme and host,
// "/path?query". It is what [URI] returns for a URL without a host. A stored
// response that depends on cache.URI of URI and of Target is found by a purge of
// any spelling of its URL, with a host or without.
func (k Key) Target() string { return k.uri[k.pathStart:] }

// Path returns the canonical path: what cache.Path and cache.Prefix are to be
// named with.
func (k Key) Path() string { return k.uri[k.pathStart:k.pathEnd] }

// Requested returns the canonical path that the client asked for, or "" if that
// is Path. It is another where somebody around has changed the request since, as
// [net/http.StripPrefix] does. A stored response depends on both.
func (k Key) Requested() string { return k.requested }
