package background

import (
	"cmp"
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/uncache/uncache/keys"
)

// A Page is what a Warmer is told of a page that was stored.
type Page struct {
	Key     string        // its primary key
	Next    http.Handler  // renders it
	Request *http.Request // the one that it was rendered for
	Seen    *http.Request // the same, as the handler saw it (keys.Builder.Seen)
	Outer   Outer
	Deps    []uint64 // the hashes of what it depends on, sorted
}

// A page is a Page that is remembered.
type page struct {
	key   string
	state state
	request
}

// A state is what happens to a page. A page that is purged again while it is rendered
// is rendered once more, however often that was: the last rendering begins after the
// last purge.
type state uint8

const (
	idle   state = iota
	queued       // purged
	busy         // being rendered
	again        // being rendered, and purged since
)

// A request is what renders a page again. None of its strings is a part of something
// larger, as those of a visitor's request are.
type request struct {
	next   http.Handler // nil if the page is not to be rendered any more
	uri    *url.URL
	asked  string // its RequestURI, if that is another: a prefix may have been stripped
	host   string
	https  bool
	fields http.Header // those that are in every key
	outer  Outer       // the same for all visitors
	server any         // the *http.Server; without one a proxy does not say that its origin broke off
	addr   any         // the server's net.Addr
	deps   []uint64
}

// requestOf returns what renders p again. ok is false if that would not find p: if a
// field of the visitor's is in its key.
func requestOf(p *Page, b *keys.Builder) (q request, ok bool) {
	r, seen := p.Request, p.Seen
	uri := *seen.URL
	uri.User, uri.Fragment, uri.RawFragment = nil, "", ""
	for _, s := range []*string{&uri.Scheme, &uri.Opaque, &uri.Host, &uri.Path, &uri.RawPath, &uri.RawQuery} {
		*s = strings.Clone(*s)
	}
	q = request{
		next: p.Next, uri: &uri, host: strings.Clone(seen.Host), https: r.TLS != nil,
		outer:  p.Outer.Clone(),
		server: r.Context().Value(http.ServerContextKey),
		addr:   r.Context().Value(http.LocalAddrContextKey),
		deps:   p.Deps,
	}
	if seen.RequestURI != uri.RequestURI() {
		q.asked = strings.Clone(seen.RequestURI)
	}
	if q.fields, ok = fieldsInKeys(r.Header, b); !ok {
		return request{}, false
	}
	return q, b.Request(q.build(context.Background())).String() == p.Key
}

// maxFields bounds the fields that are remembered with a page, in bytes.
const maxFields = 512

// fieldsInKeys returns those of h that are in every key. ok is false if one of them
// says who the visitor is: nobody is impersonated after they are gone.
func fieldsInKeys(h http.Header, b *keys.Builder) (fields http.Header, ok bool) {
	size := 0
	for _, name := range b.Headers() {
		values := h[name]
		if len(values) == 0 {
			continue
		}
		if counted, cut := b.Cookie(h); name == "Cookie" && cut && counted == "" {
			continue // the handler was given none
		}
		if name == "Cookie" || name == "Authorization" || name == "Proxy-Authorization" {
			return nil, false
		}
		if fields == nil {
			fields = make(http.Header)
		}
		for _, v := range values {
			size += len(name) + len(v)
			fields[name] = append(fields[name], strings.Clone(v))
		}
	}
	return fields, size <= maxFields
}

// build returns the request of a stranger who sends no field of their own.
func (q *request) build(ctx context.Context) *http.Request {
	uri := *q.uri
	if q.server != nil {
		ctx = context.WithValue(ctx, http.ServerContextKey, q.server)
		ctx = context.WithValue(ctx, http.LocalAddrContextKey, q.addr)
	}
	r := (&http.Request{
		Method: http.MethodGet, URL: &uri, Host: q.host, RequestURI: cmp.Or(q.asked, uri.RequestURI()),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: q.fields.Clone(), Body: http.NoBody, Pattern: q.outer.Pattern,
	}).WithContext(ctx)
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	if q.https {
		r.TLS = &tls.ConnectionState{HandshakeComplete: true}
	}
	return r
}

// header returns what the middleware outside the cache had put into the header.
func (q *request) header() http.Header {
	h := make(http.Header)
	if len(q.outer.Vary) > 0 {
		h["Vary"] = slices.Clone(q.outer.Vary)
	}
	return h
}

// dependsOn reports whether the page depends on something that is in a sorted list of
// hashes.
func (q *request) dependsOn(named []uint64) bool {
	few, many := q.deps, named
	if len(few) > len(many) {
		few, many = many, few
	}
	return slices.ContainsFunc(few, func(h uint64) bool {
		_, found := slices.BinarySearch(many, h)
		return found
	})
}

// size is about how much memory p takes, in the list and in the map.
func (p *page) size() int {
	const whole, field, line = 768, 400, 24 // without what their strings take
	n := whole + len(p.key) + len(p.asked) + len(p.host) + len(p.outer.Pattern) + 8*cap(p.deps)
	if uri := p.uri; uri != nil {
		n += len(uri.Scheme) + len(uri.Opaque) + len(uri.Host) + len(uri.Path) + len(uri.RawPath) + len(uri.RawQuery)
	}
	for _, v := range p.outer.Vary {
		n += line + len(v)
	}
	for name, values := range p.fields {
		n += field + len(name)
		for _, v := range values {
			n += line + len(v)
		}
	}
	return n
}
