package pagecache

import (
	"context"
	"iter"

	"github.com/uncache/uncache/cache"
)

// Events returns what the log knows of the purges after a position, oldest first, as
// [coherent.Cache.Events] does. deps may have any spelling that [Cache.PurgeURL] and
// [Cache.Purge] know. A name that nothing can depend on is an error, [ErrDependency].
func (c *Cache) Events(ctx context.Context, after cache.Position, deps ...cache.Dependency) iter.Seq2[cache.Event, error] {
	deps, err := c.canonical(deps)
	if err != nil {
		return func(yield func(cache.Event, error) bool) { yield(cache.Event{}, err) }
	}
	return c.store.Events(ctx, after, deps...)
}
