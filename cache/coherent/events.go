package coherent

import (
	"context"
	"iter"

	"github.com/uncache/uncache/cache"
)

// Events returns what the log knows of the purges after a position, oldest first: who
// purged what, when and why. If deps are given, it returns only those that name one of
// them, or [cache.All]. They must be canonical, as in an event.
//
// It ends at the head that the log has when the loop begins. The log forgets its oldest
// events: position 0 gives all that it still has. An error is the last thing that the
// loop is given; the event beside it is empty.
//
// The slices in an event are shared, and must not be changed. Reading takes as long as
// ctx allows, in pages of some hundred kilobytes, and disturbs no request.
func (c *Cache) Events(ctx context.Context, after cache.Position, deps ...cache.Dependency) iter.Seq2[cache.Event, error] {
	wanted := make(map[cache.Dependency]bool, len(deps))
	for _, d := range cache.WithDecoded(deps) {
		wanted[d.Bounded()] = true
	}
	return func(yield func(cache.Event, error) bool) {
		on := true
		err := c.engine.History(ctx, after, func(page cache.Events) bool {
			for _, e := range page.List {
				if len(deps) > 0 && !names(e, wanted) {
					continue
				}
				if on = yield(e, nil); !on {
					break
				}
			}
			return on
		})
		if err != nil && on {
			yield(cache.Event{}, err)
		}
	}
}

// names reports whether e purges what depends on one of wanted.
func names(e cache.Event, wanted map[cache.Dependency]bool) bool {
	for _, d := range e.Dependencies {
		if d == cache.All || wanted[d] {
			return true
		}
	}
	return false
}
