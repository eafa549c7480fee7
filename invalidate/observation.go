package invalidate

import (
	"slices"
	"time"

	"github.com/uncache/uncache/cache"
)

// An Observation is one event that the Purger was told, when that is over, or a row
// as it was that could not be named.
type Observation struct {
	// Event is what was purged and why. What is in it must not be changed. It is
	// empty if Err is [ErrUnnamed].
	Event cache.Event
	// Models are the types of the models that were saved: "blog.Post".
	Models []string
	// Duration is how long the Purger took.
	Duration time.Duration
	// Repeat is 0 for the purge that a save asked for, and otherwise which of
	// Options.Repeat it is, from 1. An outbox tells of those that it makes itself.
	Repeat int
	// Err is what the caller is told as well: nil, or a [*PurgeError]. Or it is
	// [ErrUnnamed], in the sense of errors.Is, and the caller is not told. The
	// caller is not told that of a repeat either, which may be [ErrRepeatDropped].
	Err error
}

// unpurged reports whether any of all is to be purged again by the caller.
func unpurged(all []Observation) bool {
	return slices.ContainsFunc(all, func(o Observation) bool { return len(Unpurged(o.Err)) > 0 })
}
