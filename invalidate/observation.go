package invalidate

import (
	"slices"
	"time"

	"github.com/uncache/uncache/cache"
)

// An Observation is one event whose purge has ended, or a row as it was that could not
// be named.
type Observation struct {
	// Event is what was purged and why. Do not change what is in it. It is empty if Err
	// is [ErrUnnamed].
	Event cache.Event
	// Models are the types of the models that were saved: "blog.Post".
	Models []string
	// Duration is how long the Purger took.
	Duration time.Duration
	// Repeat is 0 for the purge that a save asked for. Otherwise it counts
	// Options.Repeat, from 1. An outbox observes the repeats that it makes itself.
	Repeat int
	// Err is nil or a [*PurgeError]. The caller is told it as well, except of a repeat,
	// whose error may be [ErrRepeatDropped]. Or Err is [ErrUnnamed], in the sense of
	// errors.Is, and the caller is told nothing.
	Err error
}

// unpurged reports whether the caller has to purge any of all again.
func unpurged(all []Observation) bool {
	return slices.ContainsFunc(all, func(o Observation) bool { return len(Unpurged(o.Err)) > 0 })
}
