// Package invtest has what tests of package invalidate and of its adapters share: fakes
// that record what happens to them, and a test that each adapter runs.
package invtest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/uncache/uncache/cache"
)

// A Trace is what happened in a test, in order. It is safe for concurrent use.
type Trace struct {
	mu    sync.Mutex
	steps []string
}

// Add adds a step.
func (t *Trace) Add(step string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps = append(t.steps, step)
}

// Purge adds a step with the names of e. So a Trace is a Purger.
func (t *Trace) Purge(_ context.Context, e cache.Event) error {
	t.Add("PURGE " + Names(e))
	return nil
}

// Steps returns the steps since the last Reset.
func (t *Trace) Steps() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.steps)
}

// Reset forgets all steps.
func (t *Trace) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps = nil
}

// Want fails the test unless the steps since the last Reset are these.
func (t *Trace) Want(tb testing.TB, want ...string) {
	tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Equal(t.steps, want) {
		tb.Errorf("what happened:\n got %q\nwant %q", t.steps, want)
	}
}

// WantNext is Want and then Reset.
func (t *Trace) WantNext(tb testing.TB, want ...string) {
	tb.Helper()
	t.Want(tb, want...)
	t.Reset()
}

// A Script is a fake's trace, and what the fake does at some steps.
type Script struct {
	*Trace
	Fail map[string]error  // what the step returns
	At   map[string]func() // what happens first
}

// NewScript returns an empty script over t.
func NewScript(t *Trace) Script {
	return Script{Trace: t, Fail: map[string]error{}, At: map[string]func(){}}
}

// Step makes a step.
func (s Script) Step(name string) error {
	if at := s.At[name]; at != nil {
		at()
	}
	s.Add(name)
	return s.Fail[name]
}
