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
// Purger again is harmless. If Kept, errors.Is(err, [ErrKept]) is true.
type PurgeError struct {
	// Event is the purge that failed.
	Event cache.Event
	// Kept says that Event is in the [Outbox], and will be purged.
	Kept bool
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
	said := fmt.Sprintf("invalidate: %s: purge %s: %v", some(e.Models), some(targets), e.Err)
	if e.Kept {
		said += "; it is kept in the outbox"
	}
	return said
}

// Is reports whether target is [ErrKept] and e is kept.
func (e *PurgeError) Is(target error) bool { return e.Kept && target == ErrKept }

// Unwrap returns e.Err.
func (e *PurgeError) Unwrap() error { return e.Err }

// Unpurged returns the event of every [*PurgeError] in err, of which errors.As
// finds but the first, unless it is kept: what is to be passed to the Purger
// again.
func Unpurged(err error) []cache.Event {
	switch e := err.(type) {
	case *PurgeError:
		if e.Kept {
			return nil
		}
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
	within, cancel := c.inv.detached(ctx)
	defer cancel()
	var errs []error
	var purged []string
	for i, e := range c.events() {
		start := time.Now()
		err := c.inv.purger.Purge(within, e)
		switch {
		case err != nil:
			err = c.failed(ctx, e, err)
			errs = append(errs, err)
		case c.ids != nil:
			purged = append(purged, c.ids[i])
		}
		if c.inv.opts.Observe != nil {
			c.inv.opts.Observe(Observation{Event: e, Models: c.types.list, Duration: time.Since(start), Err: err})
		}
	}
	if len(purged) > 0 && !c.unknown {
		c.inv.opts.Outbox.Purged(ctx, purged)
	}
	return errors.Join(errs...)
}

// failed says what became of e, which could not be purged because of err. If it
// is not in the outbox yet, though there is one, now is the time.
func (c *change) failed(ctx context.Context, e cache.Event, err error) error {
	failed := &PurgeError{Event: e, Models: c.types.list, Err: err, Kept: c.ids != nil}
	if c.inv.opts.Outbox != nil && !failed.Kept {
		ctx, cancel := c.inv.detached(ctx)
		defer cancel()
		if err := c.inv.opts.Outbox.Keep(ctx, []cache.Event{e}); err != nil {
			failed.Err = errors.Join(failed.Err, fmt.Errorf("keep it in the outbox: %w", err))
		} else {
			failed.Kept = true
		}
	}
	return failed
}

// detached returns the context in which what follows a save is done.
func (inv *Invalidator) detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), inv.opts.PurgeTimeout)
}
