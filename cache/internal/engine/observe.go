package engine

import (
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// An Observation is a coherent.Observation, which documents it.
type Observation struct {
	Op    Op
	Key   string
	Err   error
	Floor cache.Position
}

// An Op is a coherent.Op, which documents each of them.
type Op string

// The operations that an Observation is about.
const (
	OpGet         Op = "get"
	OpSet         Op = "set"
	OpLease       Op = "lease"
	OpSince       Op = "since"
	OpGap         Op = "gap"
	OpUnavailable Op = "unavailable"
	OpAvailable   Op = "available"
	OpDecode      Op = "decode"
	OpEncode      Op = "encode"
	OpObserve     Op = "observe"
)

// An observer is what Options.Observe is. It may be nil.
type observer func(Observation)

// report tells o of an error.
func (o observer) report(op Op, key string, err error) {
	o.tell(Observation{Op: op, Key: key, Err: err})
}

// tell calls o. If o panics, it is told of that once: the kind of observation may
// be one that it does not expect.
func (o observer) tell(x Observation) {
	if o == nil {
		return
	}
	call := func(x Observation) (err error) {
		defer panics.Catch(&err)
		o(x)
		return nil
	}
	if err := call(x); err != nil {
		_ = call(Observation{Op: OpObserve, Key: x.Key, Err: err})
	}
}

// catchGet reports a panic as an error of a Get. Defer it.
func (o observer) catchGet(key []byte) {
	if p := recover(); p != nil {
		o.report(OpGet, string(key), panics.Recovered(p))
	}
}
