package pagecache

import (
	"context"
	"net/http"
	"sync/atomic"
)

// A serverless is the context of a handler that no net/http server has called, but
// net/http/fcgi or a function in a cloud. It notices that somebody looks for the server.
// httputil.ReverseProxy does that when its origin breaks off:
//
//   - with a server in its context, it panics with http.ErrAbortHandler
//   - without one it returns as if nothing had happened, since nobody might recover
//
// So if the server is looked for between the header of a response and its end, the response
// may be half of one. If it is whole, not storing it costs little.
type serverless struct {
	context.Context
	sought *atomic.Bool
}

func (c serverless) Value(key any) any {
	value := c.Context.Value(key)
	if key == http.ServerContextKey && value == nil {
		c.sought.Store(true)
	}
	return value
}
