package cache

import (
	"context"
	"errors"
	"time"
)

// ErrTTL is what Set returns, wrapped, for a negative time to live.
var ErrTTL = errors.New("negative ttl")

// ErrClosed is what a Cache or a Log returns, wrapped, once it was closed.
var ErrClosed = errors.New("closed")

// A Cache keeps values under keys for a while. It is what a third party
// implements to bring a store of its own: three methods.
//
// A Cache may forget any value at any time. It must never invent one: Get
// returns what some Set of that key was given, byte for byte, or nothing.
//
// All methods are safe for concurrent use.
type Cache interface {
	// Get returns the value stored under key.
	//
	// A key that is not stored is not an error: Get returns nil, false, nil.
	// A stored empty value is not a missing one: ok is true, the length 0.
	// The value is the caller's: changing it does not change what is stored.
	// Keys are any bytes, of any length up to 8 KiB.
	// An expired value is not returned.
	// If ctx is done, Get may return its error; it does not block on it.
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)

	// Set stores value under key, in place of what was stored there, for ttl.
	//
	// A ttl of 0 means that the value does not expire.
	// A negative ttl is an error, for which errors.Is(err, ErrTTL) is true, and
	// changes nothing.
	// Fractions of a millisecond may be rounded, but never to 0.
	// The value stays the caller's: Set keeps a copy.
	// When Set has returned nil, a Get that starts later finds the value,
	// unless the Cache had to forget it.
	// If ctx was done before the call, Set returns an error.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error

	// Delete deletes keys.
	//
	// Deleting what is not stored is not an error; nor is deleting no key.
	// When Delete has returned nil, a Get that starts later does not find any
	// of them, unless it was Set again.
	// If ctx was done before the call, Delete returns an error.
	Delete(ctx context.Context, keys ...string) error
}
