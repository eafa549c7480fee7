package keys

import (
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strings"

	"github.com/uncache/uncache/internal/option"
	"github.com/uncache/uncache/keys/internal/escape"
)

// DefaultMaxURI is the length in bytes that Options.MaxURI stands for when it
// is zero.
const DefaultMaxURI = 512

// The shortest MaxURI: beside the digest, something has to be left to read.
const minMaxURI = 64

// Options says what tells the pages of a site apart. The zero value, and nil,
// key every host, every query parameter and no header field.
type Options struct {
	// Headers names the selecting header fields (RFC 9110 §12.5.5) whose values
	// every key digests, beside those that a response's Vary names. Case, order
	// and repetition don't matter. The field Host need not be named: hosts are
	// in the key anyway.
	Headers []string

	// Query names the query parameters that count. Nil: all of them. Empty but
	// not nil: none. Requests that differ in other parameters share a page, and
	// with package pagecache no GET handler behind the cache sees those. So name
	// all that any handler reads: q, token, OAuth's code and state. Or leave the
	// paths of such handlers out with pagecache.Options.Skip. A request with a
	// malformed parameter ("%zz", "a;b") then has no key. See docs/keys.md.
	Query []string

	// Cookies names the cookies that count where Cookie selects: where a response
	// says "Vary: Cookie", or Headers names it. Nil: all of them. Empty but not nil:
	// none. Name every cookie that a handler, or middleware around the cache, looks
	// at to make a page ("theme", "lang", a CSRF token). Others (analytics) make no
	// variants, and package pagecache gives no fill one of them; see
	// docs/sessions.md. Names are compared whole, in their case.
	Cookies []string

	// Hosts are the hosts that this site answers for, "example.com", with a port
	// unless it is 80 or 443. There are no patterns. A request for another host
	// has no key. The first one is what [Builder.URL] assumes for a URL without
	// a host. None: every host is keyed as it is, so visitors can fill the
	// cache with hosts that they invent.
	Hosts []string

	// Exact keeps apart what differs in nothing but the spelling of the path or
	// the query: "/a;b" and "/a%3Bb", "?a=1&b=2" and "?b=1&a=2". A handler in Go
	// sees them as the same, but one that passes the URL on as it came, as a
	// reverse proxy does, may get two answers. A purge of any spelling still
	// finds all of them; [Builder.URL] has the key of a canonical path.
	Exact bool

	// MaxURI is the length in bytes past which a URI, "host/path?query", is
	// cut in the text of a key; a "|" and a digest of the whole URI take the
	// place of the rest, so that it is MaxURI bytes long. It is at least 64.
	// Zero: DefaultMaxURI.
	MaxURI int
}

// A Builder makes keys. It does not change, and is safe for concurrent use.
type Builder struct {
	prefix  string // with its colon
	headers []string
	query   map[string]struct{} // canonical names; nil: all
	cookies []string            // sorted; nil: all
	hosts   []string            // canonical
	maxURI  int
	exact   bool
	plain   [2]string // digests for http and https, where no header field counts
}

// ErrOptions is what [New] returns, wrapped, when a prefix or options make no
// sense.
var ErrOptions = errors.New("invalid options")

// New returns a Builder of keys that begin with prefix and a colon. The prefix
// sets the keys of one site apart from whatever else is in the cache; it may
// have letters, digits, ".", "_" and "-", so that no two prefixes ever meet in a
// key. A nil opts means the zero Options. The error names the option that is
// wrong.
func New(prefix string, opts *Options) (*Builder, error) {
	if opts == nil {
		opts = &Options{}
	}
	if i := strings.IndexFunc(prefix, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-')
	}); i >= 0 {
		return nil, option.Errorf(ErrOptions, "keys: New: prefix %q: only letters, digits, \".\", \"_\" and \"-\" may be in it", prefix)
	}
	b := &Builder{prefix: prefix + ":", maxURI: opts.MaxURI, exact: opts.Exact}
	switch {
	case b.maxURI == 0:
		b.maxURI = DefaultMaxURI
	case b.maxURI < minMaxURI:
		return nil, option.Errorf(ErrOptions, "keys: Options.MaxURI: %d is less than %d", b.maxURI, minMaxURI)
	}
	var err error
	if b.headers, err = selecting(opts.Headers); err != nil {
		return nil, err
	}
	if b.cookies, err = countedCookies(opts.Cookies); err != nil {
		return nil, err
	}
	if opts.Query != nil {
		b.query = make(map[string]struct{}, len(opts.Query))
		for _, name := range opts.Query {
			if err := checkParameter(name); err != nil {
				return nil, option.Errorf(ErrOptions, "keys: Options.Query: %q: %w", name, err)
			}
			canonical := escape.Parameter.Append(nil, name)
			b.query[strings.ReplaceAll(string(canonical), "%20", "+")] = struct{}{}
		}
	}
	for _, host := range opts.Hosts {
		canonical, err := ownHost(host)
		if err != nil {
			return nil, option.Errorf(ErrOptions, "keys: Options.Hosts: %q: %w", host, err)
		}
		if !slices.Contains(b.hosts, canonical) {
			b.hosts = append(b.hosts, canonical)
		}
	}
	b.plain[0] = string(appendDigest(nil, appendOrigin(nil, origin{scheme: "http"}, nil, nil, nil, nil)))
	b.plain[1] = string(appendDigest(nil, appendOrigin(nil, origin{scheme: "https"}, nil, nil, nil, nil)))
	return b, nil
}

// checkParameter refuses what is no name of a parameter but what people take for
// one. It would count for nothing, and the parameter that was meant would be cut
// out of every query.
func checkParameter(name string) error {
	switch {
	case name == "":
		return errors.New("a parameter without a name")
	case name[0] == '?', strings.ContainsAny(name, "=&#"):
		return errors.New("want the name of one parameter alone, as in \"page\"")
	case strings.HasSuffix(name, "*"):
		return errors.New("names are compared whole, there are no patterns; nil lets all parameters count")
	}
	return nil
}

// ownHost returns the canonical form of one of Options.Hosts, or says what to
// write instead: a host that no request has would let nothing be stored.
func ownHost(host string) (string, error) {
	canonical, _, err := appendHost(nil, host, "http")
	switch {
	case strings.Contains(host, "*"):
		return "", fmt.Errorf("%w: there are no patterns: name every host, or none to let all of them count", ErrHost)
	case strings.ContainsAny(host, "/?#@"):
		return "", fmt.Errorf("%w: want the host alone, with a port unless it is 80 or 443: \"example.com\"", ErrHost)
	case err != nil && strings.ContainsFunc(host, func(c rune) bool { return c > 0x7f }):
		return "", fmt.Errorf("%w: want its ASCII form, which is what browsers send: \"xn--...\"", ErrHost)
	}
	return string(canonical), err
}

// selecting returns the canonical names of header fields, sorted, each once.
func selecting(names []string) ([]string, error) {
	fields := make([]string, 0, len(names))
	for _, name := range names {
		// RFC 9110 §5.1: a field name is a token. "*" is one, but in Vary it
		// stands for what no key can hold.
		if name == "" || name == "*" || strings.ContainsFunc(name, escape.NotToken) {
			return nil, option.Errorf(ErrOptions, "keys: Options.Headers: %q is not the name of a header field", name)
		}
		fields = append(fields, textproto.CanonicalMIMEHeaderKey(name))
	}
	slices.Sort(fields)
	return slices.Compact(fields), nil
}

// Headers returns the names in Options.Headers, canonical and sorted.
func (b *Builder) Headers() []string { return slices.Clone(b.headers) }
