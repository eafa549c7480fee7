package coherent

import (
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/internal/engine"
)

// An Observation says what no caller can be told: an error that cost speed and no
// value, or a change that operators may want to know of.
type Observation struct {
	// Op is what was tried.
	Op Op
	// Key is the key it was tried on, if there is one.
	Key string
	// Err is the error. It is nil for OpGap and OpAvailable.
	Err error
	// Floor is, for OpGap, the position below which nothing is served any more.
	Floor cache.Position
}

// Op is the operation that an [Observation] is about.
type Op string

const (
	// OpGet reads a value from a store.
	OpGet = Op(engine.OpGet)
	// OpSet stores a value.
	OpSet = Op(engine.OpSet)
	// OpLease asks for a lease, or ends it. After an error the value is loaded
	// without one.
	OpLease = Op(engine.OpLease)
	// OpSince reads the log.
	OpSince = Op(engine.OpSince)
	// OpGap says that events were lost between two reads of the log: Redis was
	// flushed or restarted, or the process slept longer than the log remembers.
	// Nothing that was stored before is served.
	OpGap = Op(engine.OpGap)
	// OpUnavailable says that the backend does not answer, and that from now on
	// requests do without it. What they would find is not told one by one.
	OpUnavailable = Op(engine.OpUnavailable)
	// OpAvailable says that the backend answers again, and that the log was read.
	OpAvailable = Op(engine.OpAvailable)
	// OpDecode decodes a stored value. Bytes that were damaged, or written by
	// another version, are a miss.
	OpDecode = Op(engine.OpDecode)
	// OpEncode encodes a value to store it.
	OpEncode = Op(engine.OpEncode)
	// OpObserve is a call of Observe that panicked. It is told once for each such
	// call; if that panics, too, the panic is ignored.
	OpObserve = Op(engine.OpObserve)
)
