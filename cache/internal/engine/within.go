package engine

import (
	"context"
	"sync"
	"time"
)

// A within is a context with a deadline. It has a timer only if somebody waits for
// Done: a store that goes by the deadline needs none, and a timer for each lookup costs
// as much as judging what it finds.
type within struct {
	context.Context // its parent
	deadline        time.Time

	mu    sync.Mutex
	timed context.Context // made by Done; nil before
	end   context.CancelFunc
	ended bool
}

// withinTimeout is context.WithTimeout without a timer.
func withinTimeout(parent context.Context, d time.Duration) *within {
	w := &within{Context: parent, deadline: time.Now().Add(d)}
	if sooner, ok := parent.Deadline(); ok && sooner.Before(w.deadline) {
		w.deadline = sooner
	}
	return w
}

// cancel ends w. What was made of it ends, too.
func (w *within) cancel() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	if w.end != nil {
		w.end()
	}
}

// Deadline is part of [context.Context].
func (w *within) Deadline() (time.Time, bool) { return w.deadline, true }

// Done is part of [context.Context].
func (w *within) Done() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timed == nil {
		w.timed, w.end = context.WithDeadline(w.Context, w.deadline)
		if w.ended {
			w.end()
		}
	}
	return w.timed.Done()
}

// Err is part of [context.Context].
func (w *within) Err() error {
	if err := w.Context.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.timed != nil:
		return w.timed.Err()
	case w.ended:
		return context.Canceled
	case !time.Now().Before(w.deadline):
		return context.DeadlineExceeded
	}
	return nil
}

// Value is part of [context.Context]. Once there is a timer, what is made of w asks for
// the context that has it.
func (w *within) Value(key any) any {
	w.mu.Lock()
	timed := w.timed
	w.mu.Unlock()
	if timed != nil {
		return timed.Value(key)
	}
	return w.Context.Value(key)
}
