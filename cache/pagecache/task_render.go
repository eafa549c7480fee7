package pagecache

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/background"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
)

// render calls the handler, and asks it the question.
func (t *task) render(ask question) (rec *recorder) {
	rec = t.newRecorder()
	inner := t.inner()
	if !t.passesConditions(ask) {
		for _, name := range rfc9111.ConditionFields {
			delete(inner.Header, name)
		}
	}
	// The response is to be whole. A visitor who wants a part gets it from that.
	delete(inner.Header, "Range")
	delete(inner.Header, "If-Range")
	rec.validating = ask.asks()
	ask.put(inner.Header, t.old)
	if t.old != nil && t.old.Value.MayReplaceError(rec.asked) {
		rec.fallback = t.old.Value
	}
	defer rec.catchAbort()
	defer t.handled(rec)
	t.next.ServeHTTP(rec, inner)
	t.r.Pattern = inner.Pattern
	rec.end()
	return rec
}

// newRecorder returns the recorder of a rendering that begins.
func (t *task) newRecorder() *recorder {
	rec := newRecorder(t.c, t.w, t.r, &t.cacheStatus, t.newRemarks())
	t.rec = rec
	rec.notForOthers, rec.knownBy = t.notForOthers, t.knownBy
	if t.outer == nil && t.c.warm != nil {
		t.outer = &background.Outer{Pattern: t.r.Pattern, Vary: slices.Clone(t.w.Header()["Vary"])} // a handler may write into the list
	}
	return rec
}

// newRemarks returns the remarks of a rendering that begins.
func (t *task) newRemarks() *remarks {
	t.remarks = &remarks{origin: t.id.Origin}
	if flight := t.flight; flight != nil {
		t.remarks.stop = func() { flight.Finish(nil, false) }
	}
	return t.remarks
}

// inner returns the request that the handler is given. It is a copy: what the handler does
// to the header must not change what the response is stored under. It has nothing that is
// not in the key: the handler could put that into a page which others are given.
func (t *task) inner() *http.Request {
	ctx := context.WithValue(t.r.Context(), remarksKey{}, t.remarks)
	ctx = context.WithValue(ctx, servedKey{}, &t.served)
	if ctx.Value(http.ServerContextKey) == nil {
		ctx = serverless{ctx, &t.remarks.sought}
	}
	if t.served.r == nil {
		t.served.r, t.served.paths = t.r, t.id.Paths
	}
	inner := t.c.keys.Seen(t.r).Clone(engine.WithFill(ctx, t.fill))
	t.c.cutCookies(inner.Header, t.knownBy)
	return inner
}

// passesConditions reports whether the handler sees the visitor's own conditions. They are
// hidden from it, so that there is a response to store, and are evaluated afterwards.
//
// RFC 9111 §4.3.2 is the exception: where nothing is stored, a condition is meant for the
// server behind a proxy. If that answers 304, the next fill is whole. Otherwise nothing
// would ever be stored of a page that all visitors have.
func (t *task) passesConditions(ask question) bool {
	return t.c.proxy.Transparent && t.old == nil && !ask.asks() && !t.c.memo.Was304([]byte(t.id.Primary))
}

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
