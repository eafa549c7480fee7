package keys

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// ErrURL is what is wrapped by the errors of a URL that is not one of a page:
// it can't be parsed, has neither a host nor a path that begins with a slash,
// has user information (RFC 9110 §4.2.4), or a scheme that is neither http nor
// https.
var ErrURL = errors.New("not the URL of a page")

// URI returns the canonical form of a URL: what cache.URI is to be named with.
// It is "host/path?query" or, for a URL without a host, "/path?query".
//
// The scheme, the ports 80 and 443, a last dot of the host and a fragment are left
// out: a purge cannot know which of them the server saw behind its proxies. A URL
// without a path has the path "/". "//a/b" is the path "/b" of the host "a".
//
// Host names are in lower case, and the path is as [Path] returns it. The query is
// sorted by parameter name, with one spelling of each pair. A query that no key can
// hold is an error, [ErrQuery]. See docs/keys.md.
func URI(rawURL string) (string, error) { return canonicalURI(rawURL, nil) }

// URI returns what the function [URI] does, with only those parameters that
// Options.Query lets count: the Key.URI, or for a URL without a host the
// Key.Target, of whatever a request for that URL is stored under.
func (b *Builder) URI(rawURL string) (string, error) { return canonicalURI(rawURL, b.query) }

func canonicalURI(rawURL string, only map[string]struct{}) (string, error) {
	u, err := parse(rawURL)
	if err != nil {
		return "", err
	}
	var room [DefaultMaxURI]byte
	dst := room[:0]
	if u.Host != "" {
		if dst, _, err = appendHost(dst, u.Host, u.Scheme); err != nil {
			return "", fmt.Errorf("keys: URL %q: %w", rawURL, err)
		}
	}
	if dst, err = appendURLPath(dst, u, decodedPath); err != nil {
		return "", fmt.Errorf("keys: URL %q: %w", rawURL, err)
	}
	if dst, _, err = appendQuery(dst, u.RawQuery, only); err != nil {
		return "", fmt.Errorf("keys: URL %q: %w", rawURL, err)
	}
	return string(dst), nil
}

// URL returns the key of a plain GET of a URL, one that has no selecting header
// field: what Request returns for it if its host is spelled as browsers do, in
// lower case, its port and its IPv6 address as short as can be. A URL without a
// host is one of the first of Options.Hosts, or an error, [ErrNoHost]; one without
// a scheme is http, which is also what a server behind a proxy that ends TLS sees.
func (b *Builder) URL(rawURL string) (Key, error) {
	u, err := parse(rawURL)
	if err != nil {
		return Key{}, err
	}
	host := u.Host
	if host == "" {
		if len(b.hosts) == 0 {
			return Key{}, fmt.Errorf("keys: URL %q: %w", rawURL, ErrNoHost)
		}
		host = b.hosts[0]
	}
	from := origin{scheme: u.Scheme}
	if from.scheme == "" {
		from.scheme = "http"
	}
	dst, at, err := b.appendURI([]byte(b.prefix), host, &from, u)
	if err != nil {
		return Key{}, fmt.Errorf("keys: URL %q: %w", rawURL, err)
	}
	from.spelling.odd = ""
	return b.key(dst, at, from, nil), nil
}

// PathKeys returns the keys of a plain GET of an escaped path without a query,
// for each of Options.Hosts over http and https: what can be deleted when a path
// is purged, to give memory back at once. It returns none for a path that can't
// be keyed, or if Options.Hosts names none.
func (b *Builder) PathKeys(path string) []Key {
	canonical, err := Path(path)
	if err != nil || len(b.hosts) == 0 {
		return nil
	}
	if _, err := appendPath(nil, path, escapedPath|requestPath); err != nil {
		return nil // no request for it has a key
	}
	keys := make([]Key, 0, 2*len(b.hosts))
	for _, host := range b.hosts {
		dst := append([]byte(b.prefix), host...)
		at := layout{uri: len(b.prefix), path: len(dst)}
		dst = append(dst, canonical...)
		at.query, at.end, at.asked = len(dst), len(dst), len(dst)
		for _, scheme := range []string{"http", "https"} {
			keys = append(keys, b.key(slices.Clone(dst), at, origin{scheme: scheme}, nil))
		}
	}
	return keys
}

// parse parses a URL in one of the forms that name a page, and spells its path
// in one way.
func parse(rawURL string) (*url.URL, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err // rawURL is in the message already
		}
		return nil, fmt.Errorf("keys: URL %q: %w: %w", rawURL, ErrURL, err)
	}
	switch {
	case u.Opaque != "", u.User != nil,
		u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https",
		u.Scheme != "" && u.Host == "",
		u.Host == "" && !strings.HasPrefix(u.Path, "/"):
		return nil, fmt.Errorf("keys: URL %q: %w", rawURL, ErrURL)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	if raw, err := appendPath(nil, u.RawPath, escapedPath); err == nil {
		u.RawPath = string(raw) // "/é%2Fb" is meant as clients send it, "/%C3%A9%2Fb"
	}
	return u, nil
}
