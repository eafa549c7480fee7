package engine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A within ends as a context of context.WithTimeout does, whether somebody waits for it
// or asks from time to time.
func TestWithinEndsInTime(t *testing.T) {
	type key struct{}
	gone := errors.New("the visitor has gone")
	for name, tt := range map[string]struct {
		parent time.Duration // 0: no deadline
		cancel bool          // the parent's
		want   error
		cause  error
		after  time.Duration
	}{
		"its own deadline":    {want: context.DeadlineExceeded, cause: context.DeadlineExceeded, after: 50 * time.Millisecond},
		"a sooner one":        {parent: 20 * time.Millisecond, want: context.DeadlineExceeded, cause: context.DeadlineExceeded, after: 20 * time.Millisecond},
		"a later one":         {parent: time.Second, want: context.DeadlineExceeded, cause: context.DeadlineExceeded, after: 50 * time.Millisecond},
		"its parent has gone": {cancel: true, want: context.Canceled, cause: gone, after: 10 * time.Millisecond},
	} {
		for _, waits := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				parent, giveUp := context.WithCancelCause(context.WithValue(t.Context(), key{}, "v"))
				defer giveUp(nil)
				if tt.parent > 0 {
					var cancel context.CancelFunc
					parent, cancel = context.WithTimeout(parent, tt.parent)
					defer cancel()
				}
				w := withinTimeout(parent, 50*time.Millisecond)
				defer w.cancel()
				if tt.cancel {
					time.AfterFunc(tt.after, func() { giveUp(gone) })
				}
				began := time.Now()
				if waits {
					child, cancel := context.WithCancel(w)
					defer cancel()
					<-child.Done()
				} else {
					for w.Err() == nil {
						time.Sleep(time.Millisecond)
					}
				}
				synctest.Wait()
				if took := time.Since(began); took < tt.after || took > tt.after+time.Millisecond || w.Err() != tt.want || context.Cause(w) != tt.cause || w.Value(key{}) != "v" {
					t.Errorf("%s, waits %v: ended after %v with %v because of %v, value %v; want %v, %v, %v", name, waits, took, w.Err(), context.Cause(w), w.Value(key{}), tt.after, tt.want, tt.cause)
				}
			})
		}
	}
}

// After a lookup has ended, a store that still waits is let go.
func TestWithinIsCancelled(t *testing.T) {
	for _, before := range []bool{false, true} {
		w := withinTimeout(t.Context(), time.Hour)
		if before {
			w.Done()
		}
		w.cancel()
		select {
		case <-w.Done():
		case <-time.After(10 * time.Second):
			t.Fatal("it goes on")
		}
		if w.Err() != context.Canceled {
			t.Errorf("got %v, want %v", w.Err(), context.Canceled)
		}
	}
}

// A lookup that nobody has to wait for makes no timer.
func TestWithinMakesNoTimer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if n := testing.AllocsPerRun(100, func() {
		w := withinTimeout(ctx, time.Second)
		if w.Err() != nil {
			t.Error(w.Err())
		}
		w.cancel()
	}); n > 1 {
		t.Errorf("it allocates %v times", n)
	}
}
