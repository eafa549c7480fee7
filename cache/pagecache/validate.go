package pagecache

import (
	"net/http"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// describesBody reports whether a field is about the stored body of p. A 304, or the answer
// to a HEAD, does not change the body, so it must not change such a field.
//
// RFC 9111 §3.2 excepts Content-Encoding and Content-Range only where that keeps what is
// stored whole. But some compressors name their coding in a 304 to what was stored without
// it. A proxy's origin is believed. A Content-Range in a 304 that its 200 did not have is
// about what the visitor asked for.
func (c *Cache) describesBody(p *stored.Response, name string) bool {
	switch name {
	case "Content-Length":
		return true
	case "Content-Range":
		return !c.proxy.Transparent || p.Header.Get(name) == nil
	case "Content-Encoding":
		return !c.proxy.Transparent
	}
	return false
}

// termsOf returns what a policy says about the use of a response.
func termsOf(p *rfc9111.Policy) stored.Terms {
	return stored.Terms{Life: p.Lifetime, Age: p.Age, Grace: p.Grace, IfError: p.IfError}
}

// flagsOf returns the flags of a response with policy p.
func flagsOf(p *rfc9111.Policy) stored.Flags {
	var f stored.Flags
	if p.Shared {
		f |= stored.IsShared
	}
	if p.NoCache {
		f |= stored.IsNoCache
	}
	if p.Strict {
		f |= stored.IsStrict
	}
	if p.Words != "" {
		f |= stored.IsImplied
	}
	if p.Told {
		f |= stored.IsTold
	}
	if p.ForVisitors {
		f |= stored.IsForVisitors
	}
	return f
}

// merged returns the header that the policy of a validated response is made from: the
// stored one, with the fields of the 304 in place of its own.
func (c *Cache) merged(p *stored.Response, h http.Header) http.Header {
	m := make(http.Header, p.Header.Len()+len(h))
	for _, f := range p.Header.List() {
		m[f.Name] = f.Values
	}
	// The age of a validated response begins anew. What we said to browsers and CDNs
	// was not said by the handler.
	delete(m, "Age")
	delete(m, "Date")
	if m["Cache-Control"] = said(p, "Cache-Control"); len(m["Cache-Control"]) == 0 {
		delete(m, "Cache-Control")
	}
	for name, values := range h {
		if !c.describesBody(p, name) {
			m[name] = values
		}
	}
	return m
}
