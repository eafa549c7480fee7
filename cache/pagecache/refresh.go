package pagecache

import (
	"context"
	"fmt"
	"net/http"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/find"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/internal/panics"
)

// maxRefreshes bounds how many responses are made in the background at a time. Beyond that,
// stale responses are served a little longer.
const maxRefreshes = 64

// refresh makes the successor of s in the background, if nobody does yet, and unmarks s
// then. It returns false if it does not. outer is the header as middleware outside the
// cache has left it.
//
// The handler runs after the visitor's request is over. What its context holds may belong
// to somebody else by then: routers keep their state in it, and use it again. So the
// handler gets a context that holds what the server put there, and nothing else.
func (c *Cache) refresh(next http.Handler, outer http.Header, r *http.Request, id find.Identity, s *engine.Stored[*stored.Response]) bool {
	select {
	case c.refreshing <- struct{}{}:
	default:
		return false
	}
	flight, leads := c.values.Enter(s.Value.Key, s.Value.Took, id.Deps...)
	if !leads {
		<-c.refreshing
		return false
	}
	ctx := c.background.Context()
	for _, key := range []any{http.ServerContextKey, http.LocalAddrContextKey} {
		ctx = context.WithValue(ctx, key, r.Context().Value(key))
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.RefreshTimeout)
	inner := r.Clone(ctx)
	inner.Method, inner.Body = http.MethodGet, http.NoBody
	for _, name := range rfc9111.ConditionFields {
		delete(inner.Header, name) // the visitor's conditions were answered
	}
	t := &task{c: c, next: next, w: discard(outer.Clone()), r: inner, id: id, flight: flight, old: s, tally: tally{refreshes: true}}
	t.cacheStatus.fwd = fwdStale
	begun := c.background.Go(func() {
		defer func() { <-c.refreshing }()
		defer s.Value.Marks.Unset(stored.IsRefreshing)
		defer cancel()
		t.refresh()
	})
	if !begun {
		cancel()
		flight.Finish(nil, false)
		<-c.refreshing
	}
	return begun
}

// refresh makes the successor of t.old.
func (t *task) refresh() {
	defer t.over()
	defer t.endFlight()
	defer func() {
		// net/http would recover from the panic of a visitor's request.
		if p := recover(); p != nil {
			t.c.report(t.r, &Observation{Detail: fmt.Sprint("refresh panicked: ", p), Err: panics.Recovered(p)})
		}
	}()
	if made, err := await(t.r.Context(), t.flight, 0, t.old, &rfc9111.Control{}); made || err != nil {
		return // by another process, or nobody in time
	}
	t.fill = t.flight.Fill()
	t.run()
}
