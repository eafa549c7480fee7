package invalidate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uncache/uncache/cache"
)

// A PurgeError says that the [Purger] returned an error: the data is saved, and
// what Event names may be stale. Find it with [errors.As]. To pass Event to the
// Purger again is harmless.
type PurgeError struct {
	// Event is the purge that failed.
	Event cache.Event
	// Models are the types of the models that were saved: "blog.Post".
	Models []string
	// Err is what the Purger returned.
	Err error
}

// Error names the models and the targets: "invalidate: blog.Post: purge
// /blog/hello/: dial tcp ...: connection refused".
func (e *PurgeError) Error() string {
	targets := make([]string, len(e.Event.Dependencies))
	for i, d := range e.Event.Dependencies {
		targets[i] = spoken(d)
	}
	return fmt.Sprintf("invalidate: %s: purge %s: %v", some(e.Models), some(targets), e.Err)
}

// Unwrap returns e.Err.
func (e *PurgeError) Unwrap() error { return e.Err }

// Unpurged returns the event of every [*PurgeError] in err, of which errors.As
// finds but the first: what is to be passed to the Purger again.
func Unpurged(err error) []cache.Event {
	switch e := err.(type) {
	case *PurgeError:
		return []cache.Event{e.Event}
	case *txError:
		return Unpurged(e.err)
	case interface{ Unwrap() error }:
		return Unpurged(e.Unwrap())
	case interface{ Unwrap() []error }:
		var all []cache.Event
		for _, err := range e.Unwrap() {
			all = append(all, Unpurged(err)...)
		}
		return all
	}
	return nil
}

// spoken is how an error calls d: a path or URL by itself, the rest with what
// kind of thing it is.
func spoken(d cache.Dependency) string {
	switch kind, name := cut(d); {
	case d == cache.All:
		return "everything"
	case d == cache.Prefix("/"):
		return "prefix /"
	case d == cache.Route(""):
		return "unknown routes"
	case name == "": // not of our making
		return fmt.Sprintf("%q", string(d))
	case kind == "path" || kind == "uri":
		return name
	default:
		return kind + " " + name
	}
}

// cut returns a dependency's kind and name, as package cache put them
// together.
func cut(d cache.Dependency) (kind, name string) {
	kind, name, _ = strings.Cut(string(d), ":")
	return kind, name
}

// An Observation is one event that the Purger was told, when that is over.
type Observation struct {
	// Event is what was purged and why. What is in it must not be changed.
	Event cache.Event
	// Models are the types of the models that were saved: "blog.Post".
	Models []string
	// Duration is how long the Purger took.
	Duration time.Duration
	// Err is what the caller is told as well: nil, or a [*PurgeError].
	Err error
}

// purge tells the Purger, whatever became of the events before. By now the data
// is saved, and whoever asked may have hung up or run out of time: that is no
// reason to leave the old page standing.
func (c *change) purge(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.inv.opts.PurgeTimeout)
	defer cancel()
	var errs []error
	for _, e := range c.events() {
		start := time.Now()
		err := c.inv.purger.Purge(ctx, e)
		if err != nil {
			err = &PurgeError{Event: e, Models: c.types.list, Err: err}
			errs = append(errs, err)
		}
		if c.inv.opts.Observe != nil {
			c.inv.opts.Observe(Observation{Event: e, Models: c.types.list, Duration: time.Since(start), Err: err})
		}
	}
	return errors.Join(errs...)
}
