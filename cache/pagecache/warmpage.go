package pagecache

import (
	"cmp"
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxWarmFields bounds the fields in the key of a page that are remembered with it, in
// bytes.
const maxWarmFields = 512

// A warmPage is a page that this process has stored.
type warmPage struct {
	key   string
	state warmState
	warmRequest
}

// A warmRequest is what renders a page again.
type warmRequest struct {
	next   http.Handler // nil if the page is not to be rendered any more
	uri    *url.URL
	asked  string // its RequestURI, if that is another: somebody around the cache may have changed the URL
	host   string
	https  bool
	fields http.Header // those that are in every key
	around around      // the same for all visitors
	server any         // the *http.Server: where there is none, a proxy hides that its origin broke off
	addr   any         // the server's net.Addr
	deps   []uint64    // the hashes of what the page was made from, sorted
}

// A warmState is where a page is on its way. Purged again while it is rendered,
// a page is rendered once more, however often that was: the last rendering
// begins after the last purge.
type warmState uint8

const (
	warmIdle   warmState = iota
	warmQueued           // purged
	warmBusy             // being rendered
	warmAgain            // being rendered, and purged since
)

// requestOf returns what renders again what t has rendered for a request that the
// handler has seen as seen. ok is false if it would not find the page. Nothing in it
// is part of something larger: the strings of a request are parts of all that its
// client has sent.
func (w *warmer) requestOf(t *task, seen *http.Request) (request warmRequest, ok bool) {
	uri := *seen.URL
	uri.User, uri.Fragment, uri.RawFragment = nil, "", ""
	for _, part := range []*string{&uri.Scheme, &uri.Opaque, &uri.Host, &uri.Path, &uri.RawPath, &uri.RawQuery} {
		*part = strings.Clone(*part)
	}
	request = warmRequest{
		next: t.next, uri: &uri, host: strings.Clone(seen.Host), https: t.r.TLS != nil,
		around: around{strings.Clone(t.before.pattern), cloneAll(t.before.vary)},
		server: t.r.Context().Value(http.ServerContextKey),
		addr:   t.r.Context().Value(http.LocalAddrContextKey),
		deps:   t.fill.Hashes(),
	}
	if seen.RequestURI != uri.RequestURI() {
		request.asked = strings.Clone(seen.RequestURI)
	}
	if request.fields, ok = w.fields(t.r.Header); !ok {
		return warmRequest{}, false
	}
	return request, w.c.keys.Request(request.request(context.Background())).String() == t.id.Primary
}

// fields returns those of h that are in every key. Not the ones by which a
// visitor is known: nobody is impersonated when they are gone.
func (w *warmer) fields(h http.Header) (fields http.Header, ok bool) {
	size := 0
	for _, name := range w.c.keys.Headers() {
		values := h[name]
		if len(values) == 0 {
			continue
		}
		if counted, cut := w.c.keys.Cookie(h); name == "Cookie" && cut && counted == "" {
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
	return fields, size <= maxWarmFields
}

// request is that of a stranger without any field of their own.
func (p *warmRequest) request(ctx context.Context) *http.Request {
	uri := *p.uri
	if p.server != nil {
		ctx = context.WithValue(ctx, http.ServerContextKey, p.server)
		ctx = context.WithValue(ctx, http.LocalAddrContextKey, p.addr)
	}
	asked := cmp.Or(p.asked, uri.RequestURI())
	r := (&http.Request{
		Method: http.MethodGet, URL: &uri, Host: p.host, RequestURI: asked,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: p.fields.Clone(), Body: http.NoBody, Pattern: p.around.pattern,
	}).WithContext(ctx)
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	if p.https {
		r.TLS = &tls.ConnectionState{HandshakeComplete: true}
	}
	return r
}

// madeFrom reports whether the page was made from something that is in a sorted list
// of hashes.
func (p *warmRequest) madeFrom(named []uint64) bool {
	few, many := p.deps, named
	if len(few) > len(many) {
		few, many = many, few
	}
	return slices.ContainsFunc(few, func(h uint64) bool {
		_, found := slices.BinarySearch(many, h)
		return found
	})
}

// cloneAll returns copies of strings that are parts of something else.
func cloneAll(list []string) []string {
	own := slices.Clone(list)
	for i := range own {
		own[i] = strings.Clone(own[i])
	}
	return own
}

// size is about how much memory p takes, in the list and in the map.
func (p *warmPage) size() int {
	const page, field, line = 768, 400, 24 // without what their strings take
	n := page + len(p.key) + len(p.asked) + len(p.host) + len(p.around.pattern) + 8*cap(p.deps)
	if uri := p.uri; uri != nil {
		n += len(uri.Scheme) + len(uri.Opaque) + len(uri.Host) + len(uri.Path) + len(uri.RawPath) + len(uri.RawQuery)
	}
	for _, v := range p.around.vary {
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
