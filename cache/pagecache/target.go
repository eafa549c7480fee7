package pagecache

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/pagecache/internal/find"
	"github.com/uncache/uncache/keys"
)

// A target is what an unsafe request was sent to.
type target struct {
	method string
	name   string // for people
	deps   []cache.Dependency
	keyed  bool
	origin string    // "" if the request has no host that is one
	bases  []url.URL // what references in the response are relative to
}

func (c *Cache) target(r *http.Request) target {
	if isLong(r) {
		return longTarget(r)
	}
	t := target{method: r.Method, bases: basesOf(r)}
	if k := c.keys.Request(r); k.Valid() {
		t.keyed, t.origin, t.name = true, find.Origin(k), k.URI()
		if c.neverStored(r) {
			return t
		}
		for _, uri := range find.URIsOf(k) {
			t.deps = append(t.deps, cache.URI(uri))
		}
		return t
	}
	// The handler may take it for a request that has a key, of any host and with
	// any query: "POST http://user@host/path", or HTTP/1.0 without Host.
	if uri, err := keys.URI("http://" + r.Host + "/"); err == nil {
		t.origin = strings.TrimSuffix(uri, "/")
	}
	for _, base := range t.bases {
		for _, p := range pagesAt(&base) {
			if t.name = p; !c.neverStored(at(r, p)) {
				t.deps = append(t.deps, cache.Path(p))
			}
		}
	}
	return t
}

// longTarget is the target of a request with a URL that is too long to store anything for.
// What its answer names may be stored, if its host is not too long as well.
func longTarget(r *http.Request) target {
	t := target{method: r.Method, name: r.URL.Path[:min(len(r.URL.Path), cache.MaxNote)]}
	if max(len(r.Host), len(r.URL.Host)) > maxURL {
		return t
	}
	if uri, err := keys.URI("http://" + r.Host + "/"); err == nil {
		t.keyed, t.origin = true, strings.TrimSuffix(uri, "/")
	}
	short := *r
	short.RequestURI = "" // it is long, and says nothing more
	t.bases = basesOf(&short)
	return t
}

// at returns r as it would be for the canonical path p.
func at(r *http.Request, p string) *http.Request {
	u, err := url.ParseRequestURI(p)
	if err != nil {
		return r
	}
	to := *r
	u.RawQuery = r.URL.RawQuery
	to.URL, to.RequestURI = u, u.RequestURI()
	return &to
}

// basesOf returns what references in the response to r may be relative to: the URL that the
// handler sees and, if middleware outside the cache has changed it, the one that the client
// asked for.
func basesOf(r *http.Request) []url.URL {
	if r.Method == http.MethodConnect {
		return nil // a tunnel (RFC 9110 §9.3.6)
	}
	base := *r.URL
	base.Scheme, base.Host, base.User = "http", r.Host, nil
	if r.TLS != nil {
		base.Scheme = "https"
	}
	if base.Path == "" {
		base.Path = "/" // RFC 9110 §4.2.3
	}
	bases := []url.URL{base}
	if asked, err := url.ParseRequestURI(r.RequestURI); err == nil && (asked.Path != base.Path || asked.RawPath != base.RawPath) {
		if base.Path, base.RawPath = asked.Path, asked.RawPath; base.Path == "" {
			base.Path = "/"
		}
		bases = append(bases, base)
	}
	return bases
}

// pagesAt returns the canonical paths of the pages that a handler may mean by the path of
// u: as it is spelled, and without dot segments and empty ones.
func pagesAt(u *url.URL) []string {
	var pages []string
	p, err := keys.Path(u.EscapedPath())
	if err != nil { // http.StripPrefix makes "%2Fdocs" of "/m%2Fdocs", and "/docs" of its Path
		p, err = keys.Path((&url.URL{Path: u.Path}).EscapedPath())
	}
	if err == nil {
		pages = append(pages, p)
	}
	clean := path.Clean("/" + u.Path)
	if clean == u.Path || clean != "/" && clean+"/" == u.Path {
		return pages
	}
	p, err = keys.Path((&url.URL{Path: clean}).EscapedPath())
	switch {
	case err != nil:
	case p == "/":
		pages = append(pages, p)
	default: // whether the handler keeps a last slash is not known
		pages = append(pages, p, p+"/")
	}
	return pages
}

// referred returns what a reference in the response to an unsafe request names.
func (c *Cache) referred(t *target, reference string) []cache.Dependency {
	var deps []cache.Dependency
	for i := range t.bases {
		ref, ok := c.resolve(&t.bases[i], t.origin, reference, c.proxy.Transparent)
		if !ok {
			continue
		}
		pages := pagesAt(ref)
		if !t.keyed {
			ref.Scheme, ref.Host = "", "" // of every host, as its target
		}
		uri, err := c.keys.URI(ref.String())
		if err == nil {
			deps = append(deps, cache.URI(uri))
		}
		if len(pages) > 1 || err != nil && !errors.Is(err, keys.ErrQuery) {
			for _, p := range pages {
				deps = append(deps, cache.Path(p))
			}
		}
	}
	return deps
}

// sameOrigin returns the canonical URI of a reference that is relative to base,
// if it is on own, the host that the request was sent to. See resolve.
func (c *Cache) sameOrigin(base *url.URL, own, reference string, strict bool) (string, bool) {
	ref, ok := c.resolve(base, own, reference, strict)
	if !ok {
		return "", false
	}
	uri, err := c.keys.URI(ref.String())
	return uri, err == nil
}

// resolve returns the URL of a reference that is relative to base, if it is on own, the
// host that the request was sent to. Others must not be purged: anybody could name them.
//
// The scheme counts if strict is set. A handler is often behind a proxy that ends TLS. Then
// it names its URLs as visitors see them, with another scheme than the one that it was
// asked by.
func (c *Cache) resolve(base *url.URL, own, reference string, strict bool) (*url.URL, bool) {
	ref, err := url.Parse(reference)
	if err != nil || reference == "" {
		return nil, false
	}
	relative := ref.Host == "" && ref.Scheme == ""
	ref = base.ResolveReference(ref)
	ref.User = nil // it is the same page (RFC 9110 §4.2.4)
	switch {
	case strict && ref.Scheme != base.Scheme, ref.Scheme != "http" && ref.Scheme != "https", ref.Opaque != "":
		return nil, false
	case relative:
		return ref, true
	}
	host, err := keys.URI("http://" + ref.Host + "/")
	return ref, err == nil && host == own+"/"
}
