package cache

import (
	"context"
	"time"
)

// Leaser is implemented by a [Cache] that several processes share and that can
// tell them which one of them is at work on a key. A lease saves work and
// protects nothing: it may end early, and two holders may believe that they
// have it. It is no lock.
type Leaser interface {
	Cache

	// Lease gives holder the lease on key for ttl, unless somebody has it, and
	// returns its holder: "" if it can't tell. A holder is not empty and nobody
	// else's.
	// A holder that has the lease already is returned, and keeps it for as long
	// as it was given for.
	// When the ttl is over nobody has it.
	// Leases and values are kept apart: a key may have both.
	// If ctx was done before the call, Lease returns an error.
	Lease(ctx context.Context, key, holder string, ttl time.Duration) (has string, err error)

	// Release ends the lease on key if holder has it. To release what somebody
	// else has, or nobody, is not an error and changes nothing.
	Release(ctx context.Context, key, holder string) error
}
