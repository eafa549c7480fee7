package engine

import "github.com/uncache/uncache/cache"

// An Observation is something that went wrong, or that an operator may want to
// know, and that no caller can be told: a cache that fails costs speed, not
// pages.
type Observation struct {
	// Op is what was tried.
	Op Op
	// Key is the key it was tried on, if there is one.
	Key string
	// Err is what came of it. It is nil for OpGap and OpAvailable.
	Err error
	// Floor is, for OpGap, the position before which nothing is served.
	Floor cache.Position
}

// Op names what an [Observation] is about.
type Op string

const (
	// OpGet is reading a value from a store.
	OpGet Op = "get"
	// OpSet is storing a value.
	OpSet Op = "set"
	// OpLease is asking for a lease, or giving it back. Without it the value is
	// made all the same.
	OpLease Op = "lease"
	// OpSince is reading the log.
	OpSince Op = "since"
	// OpGap says that events were lost between two reads of the log, and that
	// everything stored before was therefore given up: a flushed or restarted
	// Redis, a process that slept longer than the log remembers.
	OpGap Op = "gap"
	// OpUnavailable says that the backend does not answer, and that requests do
	// without it from now on. What they would find is not told one by one.
	OpUnavailable Op = "unavailable"
	// OpAvailable says that it answers again, and that the log was read.
	OpAvailable Op = "available"
	// OpDecode is decoding a stored value. Bytes that were damaged, or written
	// by another version, are a miss.
	OpDecode Op = "decode"
	// OpEncode is encoding a value to store it.
	OpEncode Op = "encode"
	// OpObserve is calling Observe itself, which has panicked. It is told once
	// for each call that panicked; a second panic is ignored.
	OpObserve Op = "observe"
)

// Observe tells Options.Observe of an error that no caller can be told.
func (c *Cache) Observe(op Op, key string, err error) { c.observe(op, key, err) }

func (c *Cache) observe(op Op, key string, err error) {
	c.tell(Observation{Op: op, Key: key, Err: err})
}
