package invalidate

import (
	"context"
	"errors"

	"github.com/uncache/uncache/cache"
)

// A Purger can be told what has changed: a coherent cache, a page cache, a bare cache
// behind a key builder ([Keys]), a CDN.
type Purger interface {
	// Purge ensures that, once it has returned nil, nothing is served that depends on
	// one of e.Dependencies and is older than the call.
	//
	// It returns once ctx is done. After an error the purge may have happened or not.
	// To purge the same event again is harmless. Purge neither keeps nor changes
	// e.Dependencies. It is safe for concurrent use.
	Purge(ctx context.Context, e cache.Event) error
}

// PurgerFunc is a function that fulfils [Purger].
type PurgerFunc func(ctx context.Context, e cache.Event) error

// Purge calls f.
func (f PurgerFunc) Purge(ctx context.Context, e cache.Event) error { return f(ctx, e) }

// Purgers is a Purger that tells each of its own, one after another. Put the one
// nearest to the data first: a CDN that is purged before the cache behind it may fetch
// the old page from there again.
type Purgers []Purger

// Purge tells every Purger, also after one has failed, and returns their errors joined.
// They share the time that ctx leaves.
func (ps Purgers) Purge(ctx context.Context, e cache.Event) error {
	var errs []error
	for _, p := range ps {
		if err := p.Purge(ctx, e); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
