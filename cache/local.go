package cache

import "time"

// Local is implemented by a [Cache] in this process's memory which can keep a
// Go value as it is, so that a hit neither decodes nor copies.
//
// A value stored by one road is not found by the other: Get does not see what
// SetLocal stored, GetLocal does not see what Set stored. A key holds one value
// at a time, whichever road it came by.
type Local interface {
	Cache

	// GetLocal returns the value itself that SetLocal was given. Both sides
	// share it, and neither changes it. The key is read during the call only.
	// A value whose ttl is over may still be returned: the caller knows when
	// it ends, and has read the clock.
	GetLocal(key []byte) (value any, ok bool)

	// SetLocal stores value under key for ttl, as Set does; a ttl that is
	// negative stores nothing. The value counts as size bytes where the Cache
	// is bounded by bytes. The key may be kept as it is: one that is a part of
	// something larger keeps that alive.
	SetLocal(key string, value any, size int, ttl time.Duration)
}

// LocalLog is implemented by a [Log] in this process's memory.
type LocalLog interface {
	Log

	// Head returns the position of the last event without I/O. It is never
	// before a position that Append has returned.
	Head() Position
}
