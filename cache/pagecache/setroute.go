package pagecache

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/keys/route"
)

type servedKey struct{}

// served is the route that has served a request, as far as SetRoute was told.
type served struct {
	r     *http.Request
	paths []string // by which the request may be known
	known atomic.Bool
}

// SetRoute names the route that serves the page being rendered, for routers that don't
// leave a [net/http.ServeMux] pattern in Request.Pattern. A purge of the route
// ([cache.Route], invalidate.Targets.Route) then finds the page. Any handler or middleware
// inside the cache may call it with the context of its request, until the page is done.
//
// The pattern is written as for ServeMux: "/blog/{slug}/" where echo has "/blog/:slug/".
// If it is not, or does not match the request, the page depends on the name as it is, which
// only cache.Route can purge, and on all routes.
//
// It does nothing where the page will not be stored. For a ctx that leads to no request
// see [AddGroups]. It is safe for concurrent use.
func SetRoute(ctx context.Context, pattern string) {
	if _, leads := remarksFrom(ctx); !leads {
		stray("SetRoute")
		return
	}
	f := engine.FillFrom(ctx)
	s, ok := ctx.Value(servedKey{}).(*served)
	if f == nil || !ok || pattern == "" {
		return
	}
	name, credible := s.credible(pattern)
	f.Add(cache.Route(name))
	if credible {
		s.known.Store(true)
	}
}

// credible returns the name by which purges know a pattern, and whether that alone can have
// served the request: its method, its host and its path match. A pattern that serves a
// subtree may have passed the request on to a router of its own, through a copy that this
// package can't see.
func (s *served) credible(pattern string) (name string, ok bool) {
	p, err := route.Parse(pattern)
	if err != nil {
		return pattern, false
	}
	if name = p.Name(); strings.HasSuffix(name, "/") || !p.AllowsMethod(s.r.Method) {
		return name, false
	}
	for _, path := range s.paths {
		if p.Matches(s.r.Host, path) {
			return name, true
		}
	}
	return name, false
}
