package pagecache

import (
	"context"
	"net/http"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/internal/sfv"
)

// AddGroups names cache groups (RFC 9875) that the page being rendered belongs to: what it
// was made from. A purge of a group purges every page that named it.
//
// Call it at any moment of the rendering, also after the data was read, from any goroutine
// that the handler waits for. It does nothing where the page will not be stored, and with
// an empty name, which no purge can name.
//
// ctx is that of the request, or derived from it: r.Context(), in gin
// c.Request.Context(), in echo c.Request().Context(). If ctx does not lead to a request
// behind a cache, Observe is told once for each call site ([ErrContext]).
func AddGroups(ctx context.Context, groups ...string) {
	p, leads := remarksFrom(ctx)
	if !leads {
		stray("AddGroups")
		return
	}
	f := engine.FillFrom(ctx)
	if f == nil {
		return
	}
	f.AddGroups(groups...)
	if p != nil && p != unread {
		addOriginGroups(f, p.origin, groups)
	}
}

// addOriginGroups lets a Cache-Group-Invalidation of the origin reach the groups.
func addOriginGroups(f *engine.Fill, origin string, groups []string) {
	for _, name := range groups {
		f.Add(cache.OriginGroup(origin, name))
	}
}

// groupList returns the members of Cache-Groups or Cache-Group-Invalidation, a list of
// strings (RFC 9875 §2, §3). Parameters are ignored. A field that is no such list names no
// groups.
func groupList(h http.Header, name string) []string {
	list, err := sfv.ParseList(h[name])
	if err != nil {
		return nil
	}
	names, _ := list.Strings()
	return names
}
