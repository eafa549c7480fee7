package pagecache

import (
	"context"
	"errors"
	"strings"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/named"
)

// Purge records e in the log, and deletes the stored responses whose keys it
// can compute, to give their memory back. When it has returned nil, no request
// that begins later is answered with a response that depends on what e names
// and whose rendering began before; see [coherent.Cache.Purge]. Nothing rests on
// the deletion: if it fails, the purge has not.
//
// Paths, prefixes and URIs may be spelled as people do: cache.Path("/blog/café/"),
// cache.URI("https://example.com/blog/?page=2"), with query parameters that do not
// count here (keys.Options.Query). They are recorded in their canonical form as
// well. To purge what somebody typed into a form, a whole URL or "/path?query",
// give it to cache.URI; cache.Path covers all its query strings.
//
// A page whose route is not known is purged with cache.Route only if e names
// cache.Route("") too. invalidate.Targets.Route adds that by itself.
//
// What nothing can depend on is an error, [ErrDependency], when all else has been
// purged: an empty name, one without a kind ("/blog/" in place of
// cache.Path("/blog/")), a path that is none, a pattern ("/blog/*"; a path that does
// end with a star has it as "%2A"), a URI of a host that is not one of
// keys.Options.Hosts, or of one that was not meant to be one ("blog/hello/"; a host
// without a dot is written "http://intranet/"). Kinds that this module does not know
// may be yours, for coherent.Fetch, and are recorded as they are. So is what was an
// error: another Cache over the same log may know the host.
//
// What [Options.Warm] says is rendered again when Purge has returned, unless ctx is
// that of a request which does that ([Warming]).
//
// It makes a Cache an invalidate.Purger.
//
// The names that package invalidate makes of the values in a model have been checked
// there, and are not suspected: a post may have the slug "*".
func (c *Cache) Purge(ctx context.Context, e cache.Event) error {
	var mistaken error
	if !named.IsExact(ctx) {
		mistaken = c.mistaken(e.Dependencies)
	}
	return errors.Join(mistaken, c.purge(ctx, e))
}

// purge is Purge, of names that are meant as they are written.
func (c *Cache) purge(ctx context.Context, e cache.Event) error {
	var malformed error
	e.Dependencies, malformed = c.canonical(e.Dependencies)
	return errors.Join(c.record(ctx, e), malformed)
}

// record records e, whose names are canonical, and does what follows from it.
func (c *Cache) record(ctx context.Context, e cache.Event) error {
	var stored []string
	if !e.Soft { // what became stale may still be served
		stored = c.computable(e.Dependencies)
	}
	if err := c.values.Purge(ctx, e, stored...); err != nil {
		return err
	}
	if !Warming(ctx) { // or a handler that saves something at each visit would run for ever
		defer c.warm.purged(e.Dependencies)
	}
	for _, key := range stored {
		c.memo.setDeleted([]byte(key), true)
	}
	return nil
}

// computable returns the primary keys of what an event names by path, but of those
// known to hold a note: it takes little room, and says which variants to delete when
// one of them is stored again.
func (c *Cache) computable(deps []cache.Dependency) []string {
	var stored []string
	for _, d := range deps {
		if path, ok := strings.CutPrefix(string(d), "path:"); ok {
			for _, k := range c.keys.PathKeys(path) {
				if key := k.String(); c.memo.fields([]byte(key)) == nil {
					stored = append(stored, key)
				}
			}
		}
	}
	return stored
}
