package engine

import (
	"context"
	"slices"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// leases are those of a store that processes share. The zero value has none.
type leases struct {
	store cache.Leaser // nil if there are none
	ttl   time.Duration
}

// leasesOf returns the leases of the farthest tier of b that has any: most processes
// share that one.
func leasesOf(b cache.Backend, ttl time.Duration) leases {
	if ttl > 0 {
		for _, t := range slices.Backward(cache.Tiers(b)) {
			if l, ok := t.(cache.Leaser); ok {
				return leases{l, ttl}
			}
		}
	}
	return leases{}
}

// ask asks for the lease on key. It returns its holder.
func (l leases) ask(ctx context.Context, key, holder string) (has string, err error) {
	defer panics.Catch(&err)
	return l.store.Lease(ctx, key, holder, l.ttl)
}

// release ends the lease on key, if holder has it.
func (l leases) release(ctx context.Context, key, holder string) (err error) {
	defer panics.Catch(&err)
	return l.store.Release(ctx, key, holder)
}
