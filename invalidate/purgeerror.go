package invalidate

import (
	"fmt"
	"strings"

	"github.com/uncache/uncache/cache"
)

// A PurgeError says that the [Purger] failed: the data is saved, and pages that Event
// names may be stale. To pass Event to the Purger again is harmless. Find it with
// [errors.As]. If Kept, errors.Is(err, [ErrKept]) is true.
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

// Unpurged returns the event of every [*PurgeError] in err that is not kept: pass them
// to the Purger again. errors.As would find the first one only.
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

// spoken is d in an error: a path or URL by itself, anything else with its kind.
func spoken(d cache.Dependency) string {
	switch kind, name := cut(d); {
	case d == cache.All:
		return "everything"
	case d == cache.Prefix("/"):
		return "prefix /"
	case d == cache.Route(""):
		return "unknown routes"
	case name == "": // not made by package cache
		return fmt.Sprintf("%q", string(d))
	case kind == "path" || kind == "uri":
		return name
	default:
		return kind + " " + name
	}
}

// cut returns a dependency's kind and name.
func cut(d cache.Dependency) (kind, name string) {
	kind, name, _ = strings.Cut(string(d), ":")
	return kind, name
}
