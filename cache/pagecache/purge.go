package pagecache

import (
	"context"
	"slices"
	"strings"

	"github.com/uncache/uncache/cache"
)

// Purge records e in the log, and deletes the stored responses whose keys it
// can compute, to give their memory back. When it has returned nil, no request
// that begins later is answered with a response that depends on what e names
// and whose rendering began before; see [coherent.Cache.Purge]. Nothing rests on
// the deletion: if it fails, the purge has not.
//
// A URI may be named with query parameters that do not count here
// (keys.Options.Query); it is recorded without them as well.
//
// What [Options.Warm] says is rendered again when Purge has returned, unless ctx is
// that of a request which does that ([Warming]).
//
// It makes a Cache an invalidate.Purger.
func (c *Cache) Purge(ctx context.Context, e cache.Event) error {
	e.Dependencies = c.withoutWhatDoesNotCount(e.Dependencies)
	if err := c.store.Purge(ctx, e); err != nil {
		return err
	}
	if !Warming(ctx) { // or a handler that saves something at each visit would run for ever
		defer c.warm.purged(e.Dependencies)
	}
	if e.Soft {
		return nil // what became stale may still be served
	}
	if stored := c.computable(e.Dependencies); len(stored) > 0 {
		_ = c.values.Delete(ctx, stored...)
		for _, key := range stored {
			c.memo.setDeleted([]byte(key), true)
		}
	}
	return nil
}

// withoutWhatDoesNotCount adds, to the URIs that an event names, those that
// stored responses know them by.
func (c *Cache) withoutWhatDoesNotCount(deps []cache.Dependency) []cache.Dependency {
	own := false // whether deps is a copy
	for _, d := range deps {
		uri, ok := strings.CutPrefix(string(d), "uri:")
		if !ok {
			continue
		}
		named := uri
		if !strings.HasPrefix(uri, "/") {
			named = "//" + uri // with a host, without a scheme
		}
		counted, err := c.keys.URI(named)
		if err != nil || counted == uri {
			continue
		}
		if !own {
			own, deps = true, slices.Clone(deps)
		}
		deps = append(deps, cache.URI(counted))
	}
	return deps
}

// computable returns the primary keys of what an event names by path.
func (c *Cache) computable(deps []cache.Dependency) []string {
	var stored []string
	for _, d := range deps {
		if path, ok := strings.CutPrefix(string(d), "path:"); ok {
			for _, k := range c.keys.PathKeys(path) {
				stored = append(stored, k.String())
			}
		}
	}
	return stored
}
