package pagecache

import (
	"context"
	"net/http"
	"sync/atomic"
)

// A serverless is the context of a handler that no net/http server has called, but
// net/http/fcgi, say, or a function in a cloud. It notices that somebody looks for
// the server. When an origin breaks off, httputil.ReverseProxy does that:
//
//   - with a server in its context, it panics with http.ErrAbortHandler
//   - without one, where nobody might recover, it returns as if nothing had happened
//
// So what is looked for between the header of a response and its end says that the
// response may be half of one. Not to store it costs little if it is whole.
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
