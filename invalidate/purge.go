package invalidate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// A PurgeError says that the [Purger] has failed: the data is saved, and
// what Event names may be stale. Find it with [errors.As]. To pass Event to the
// Purger again is harmless. If Kept, errors.Is(err, [ErrKept]) is true.
type PurgeError struct {
	// Event is the purge that failed.
	Event cache.Event
	// Kept says that Event is in the [Outbox], and will be purged.
	Kept bool
	// Models are the types of the models that were saved: "blog.Post".
	Models []string
	// Err is what the Purger returned, or says that it panicked.
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

// Purge purges the change, as Change says.
func (c *change) Purge(ctx context.Context, ids []string, unknown bool) (again bool, tell func() error) {
	told := c.purge(ctx, ids, unknown)
	return unpurged(told), func() error { return c.inv.observe(told) }
}

// purge tells the Purger, whatever became of the events before, and returns what
// Observe is to be told. By now the data is saved, and whoever asked may have hung
// up or run out of time: that is no reason to leave the old page standing.
func (c *change) purge(ctx context.Context, ids []string, unknown bool) []Observation {
	within, cancel := c.inv.detached(ctx)
	defer cancel()
	var all []Observation
	var failed []*PurgeError
	var purged []string     // IDs
	var again []cache.Event // not in an outbox that repeats them
	for i, e := range c.events() {
		start := time.Now()
		err := c.inv.tell(within, e)
		o := Observation{Event: e, Models: c.types.list, Duration: time.Since(start)}
		switch {
		case err != nil:
			f := &PurgeError{Event: e, Models: c.types.list, Err: err, Kept: ids != nil}
			o.Err = f
			failed = append(failed, f)
		case ids != nil:
			purged = append(purged, ids[i])
		}
		if err == nil && (ids == nil || !c.inv.lasts()) {
			again = append(again, e)
		}
		all = append(all, o)
	}
	if ids == nil {
		c.inv.keep(ctx, failed)
	} else if len(purged) > 0 && !unknown {
		within, cancel := c.inv.detached(ctx)
		defer cancel()
		c.inv.opts.Outbox.Purged(within, purged)
	}
	c.inv.repeats.add(again, c.types.list)
	return all
}

// tell calls the Purger. One that panics has failed: the data is saved, and with
// the panic it would take along the other purges, the row in the outbox, and the
// caller's word of what has to be purged again.
func (inv *Invalidator) tell(ctx context.Context, e cache.Event) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panics.RecoveredFrom("the Purger panicked", p)
		}
	}()
	return inv.purger.Purge(ctx, e)
}

// observe tells Observe of what purge has returned, and returns the errors.
func (inv *Invalidator) observe(all []Observation) error {
	var errs []error
	for _, o := range all {
		if inv.opts.Observe != nil {
			inv.opts.Observe(o)
		}
		if o.Err != nil {
			errs = append(errs, o.Err)
		}
	}
	return errors.Join(errs...)
}

// unpurged reports whether any of all is to be purged again by the caller.
func unpurged(all []Observation) bool {
	return slices.ContainsFunc(all, func(o Observation) bool { return len(Unpurged(o.Err)) > 0 })
}

// keep writes events that could not be purged to the outbox, if there is one.
func (inv *Invalidator) keep(ctx context.Context, failed []*PurgeError) {
	if inv.opts.Outbox == nil || len(failed) == 0 {
		return
	}
	events := make([]cache.Event, len(failed))
	for i, f := range failed {
		events[i] = f.Event
	}
	within, cancel := inv.detached(ctx)
	defer cancel()
	err := inv.keepEvents(within, events)
	for _, f := range failed {
		f.Kept = err == nil
		if err != nil {
			f.Err = errors.Join(f.Err, fmt.Errorf("keep it in the outbox: %w", err))
		}
	}
}

// detached returns the context in which what follows a save is done.
func (inv *Invalidator) detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), inv.opts.PurgeTimeout)
}
