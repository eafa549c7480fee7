package invalidate

import (
	"context"
	"errors"

	"github.com/uncache/uncache/cache"
)

// A Purger is whoever can be told what has changed: a coherent cache, a page
// cache, a bare cache behind a key builder ([Keys]), a CDN.
type Purger interface {
	// Purge sees to it that nothing which depends on one of e.Dependencies,
	// and is older than the call, is served after it has returned nil.
	//
	// It returns once ctx is done. An error means that the purge may have
	// happened or not. To purge the same event again is harmless.
	// e.Dependencies is not kept, nor changed.
	// It is safe for concurrent use.
	Purge(ctx context.Context, e cache.Event) error
}

// PurgerFunc is a function that fulfils [Purger].
type PurgerFunc func(ctx context.Context, e cache.Event) error

// Purge calls f.
func (f PurgerFunc) Purge(ctx context.Context, e cache.Event) error { return f(ctx, e) }

// Purgers is a Purger that tells all of its own, one after another. The order
// is that of a page's way out, nearest to the data first: a CDN that is purged
// before the cache it asks may fetch the old page from there once more.
type Purgers []Purger

// Purge tells every Purger, whatever became of those before it, and returns
// their errors joined. They share the time that ctx leaves.
func (ps Purgers) Purge(ctx context.Context, e cache.Event) error {
	var errs []error
	for _, p := range ps {
		if err := p.Purge(ctx, e); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
