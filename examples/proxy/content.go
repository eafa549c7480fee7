package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

// A content is the content of a request, on its way to the origin. It remembers
// whether it could be read, and it has the trailer that came behind it: package
// net/http shows that to the request it made, and to no copy.
type content struct {
	io.ReadCloser
	request *http.Request // whose Trailer is filled when all has been read
	trailer http.Header   // what of it goes to the origin; filled in the last Read
	keep    func(name string) bool
	failed  atomic.Bool
}

type contentKey struct{}

// withContent returns a copy of r whose content is watched. The trailer fields
// that keep refuses end here.
func withContent(r *http.Request, keep func(name string) bool) *http.Request {
	if r.Body == nil || r.Body == http.NoBody {
		return r.Clone(r.Context())
	}
	c := &content{ReadCloser: r.Body, request: r, trailer: make(http.Header), keep: keep}
	for name := range r.Trailer { // announced; the values come later
		if keep(name) {
			c.trailer[name] = nil
		}
	}
	r = r.Clone(context.WithValue(r.Context(), contentKey{}, c))
	r.Body = c
	return r
}

// contentOf returns the content of the request with a context, or nil.
func contentOf(ctx context.Context) *content {
	c, _ := ctx.Value(contentKey{}).(*content)
	return c
}

func (c *content) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		for name, values := range c.request.Trailer {
			if c.keep(name) {
				c.trailer[name] = values
			}
		}
	case err != nil:
		c.failed.Store(true)
	}
	return n, err
}

// isTrailer reports whether a field may stand in a trailer (RFC 9110 §6.5.1):
// not where it says how long a message is, where it goes or who sends it. An
// origin that merges both would believe it.
func isTrailer(name string) bool {
	switch name {
	case "Transfer-Encoding", "Content-Length", "Trailer", "Te", "Connection", "Keep-Alive", "Upgrade", "Proxy-Connection",
		"Host", "Expect", "Max-Forwards", "Cache-Control", "Range", "Via",
		"Authorization", "Proxy-Authorization", "Cookie",
		"Content-Encoding", "Content-Type", "Content-Range":
		return false
	}
	return true
}
