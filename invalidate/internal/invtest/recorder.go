package invtest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate"
)

// A Recorder is a Purger that records what it is told. It is also an Options.Failed
// and an Options.Observe that record. Its fields may be changed while nothing is saved.
type Recorder struct {
	Err error  // what Purge returns
	At  func() // what Purge does first

	Purged  []string // the dependencies of each event since the last Take
	Reasons []string // of the same events
	Failed  []error
	Unnamed []error // observed, and invalidate.ErrUnnamed

	mu sync.Mutex
}

// Purge records e.
func (r *Recorder) Purge(_ context.Context, e cache.Event) error {
	if r.At != nil {
		r.At()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Purged = append(r.Purged, Names(e))
	r.Reasons = append(r.Reasons, e.Reason)
	return r.Err
}

// Fail records an error that an adapter has no caller to return to.
func (r *Recorder) Fail(_ context.Context, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Failed = append(r.Failed, err)
}

// Observe records rows that could not be named.
func (r *Recorder) Observe(o invalidate.Observation) {
	if errors.Is(o.Err, invalidate.ErrUnnamed) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.Unnamed = append(r.Unnamed, o.Err)
	}
}

// Heal ends the failing of Purge.
func (r *Recorder) Heal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Err = nil
}

// Take returns what was purged since it was called last: a string of names for each
// event.
func (r *Recorder) Take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	purged := r.Purged
	r.Purged, r.Reasons = nil, nil
	return purged
}

// TakeNames is Take, with the names of all events together, sorted.
func (r *Recorder) TakeNames() []string {
	names := strings.Fields(strings.Join(r.Take(), " "))
	slices.Sort(names)
	return names
}

// Want fails the test unless these events were purged since the last Take.
func (r *Recorder) Want(tb testing.TB, events ...string) {
	tb.Helper()
	if got := r.Take(); !slices.Equal(got, events) {
		tb.Errorf("purged:\n got %q\nwant %q", got, events)
	}
}

// WantFailed fails the test unless Fail was called so often.
func (r *Recorder) WantFailed(tb testing.TB, want int) {
	tb.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.Failed) != want {
		tb.Errorf("Failed was told %d errors, want %d: %v", len(r.Failed), want, r.Failed)
	}
}

// Names returns what e names, separated by spaces.
func Names(e cache.Event) string {
	names := make([]string, len(e.Dependencies))
	for i, d := range e.Dependencies {
		names[i] = string(d)
	}
	return strings.Join(names, " ")
}
