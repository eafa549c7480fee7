package killing

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Result is what a run has counted.
type Result struct {
	Requests int64 // pages that were asked for, and answered
	Hits     int64 // of them from the cache
	Refused  int64 // pages that a process could not render, or was killed over
	Saves    map[string]int64
	Kills    map[string]int64 // by kind

	// Lost are the saves that were committed and whose purge was not
	// acknowledged. Repaired is how many of them every process showed in the end,
	// and Longest the longest time that took.
	Lost, Repaired int64
	Longest        time.Duration

	Stale  int64 // pages older than a save that had been acknowledged
	Broken int64 // answers that are not the page that was asked for
	Wrong  int64 // pages that are not what the database says, when all is over

	Examples []string // of what should not have been

	rolledBack []string // saves that a process has rolled back
}

// Check returns an error if anything was served that must not be.
func (r *Result) Check() error {
	var errs []error
	if r.Stale > 0 {
		errs = append(errs, fmt.Errorf("%d pages were older than an acknowledged save", r.Stale))
	}
	if r.Broken > 0 {
		errs = append(errs, fmt.Errorf("%d answers were not the page asked for", r.Broken))
	}
	if r.Wrong > 0 {
		errs = append(errs, fmt.Errorf("%d pages were wrong in the end", r.Wrong))
	}
	return errors.Join(errs...)
}

// Meaningful returns an error if the run proves nothing.
func (r *Result) Meaningful() error {
	switch {
	case r.Hits == 0:
		return errors.New("no page came from the cache")
	case r.Saves[string(acknowledged)] == 0:
		return errors.New("no save was acknowledged")
	case len(r.Kills) == 0:
		return errors.New("the nemesis did nothing")
	}
	return nil
}

// String is the report.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d requests, %d hits, %d refused; saves: %s; %s\n", r.Requests, r.Hits, r.Refused, counts(r.Saves), counts(r.Kills))
	fmt.Fprintf(&b, "stale after acknowledgement %d, broken %d, wrong at the end %d; purges lost %d, repaired %d, the longest after %v",
		r.Stale, r.Broken, r.Wrong, r.Lost, r.Repaired, r.Longest.Round(time.Millisecond))
	for _, e := range r.Examples {
		b.WriteString("\n  " + e)
	}
	return b.String()
}

func counts(m map[string]int64) string {
	parts := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%d %s", m[k], k))
	}
	return strings.Join(parts, ", ")
}

// A tally is a result that is being counted.
type tally struct {
	mu sync.Mutex
	r  Result
}

func (t *tally) count(f func(*Result)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.r)
}

func (t *tally) meaningful() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.r.Meaningful() == nil
}

// bad counts something in n, and keeps the first few as examples.
func (t *tally) bad(n func(*Result) *int64, format string, args ...any) {
	t.count(func(r *Result) {
		*n(r)++
		if len(r.Examples) < 10 {
			r.Examples = append(r.Examples, fmt.Sprintf(format, args...))
		}
	})
}

func (t *tally) killed(kind string) { t.count(func(r *Result) { r.Kills[kind]++ }) }
