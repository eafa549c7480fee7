package torture

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Result counts what happened in a run.
type Result struct {
	Requests    int64 // answered
	Hits        int64 // from the cache
	NotModified int64 // with a 304, which vouches for what the reader has
	Fills       int64 // by the handler, on behalf of the cache
	Collapsed   int64 // by a fill that another request had begun
	Bypassed    int64 // by the handler, since the cache could not be used
	Refused     int64 // fills for which the cache names a purge as the reason
	Outrun      int64 // fills during which a purge of what they show returned
	Strikes     int64 // of faults
	Purges      int64 // that returned
	Failed      int64 // purges that had to be made again
	Broken      int64 // answers that are not the page that was asked for
	Stale       int64 // versions older than a purge that had returned before

	// Examples describe the first stale and broken answers, and the first
	// failed purges.
	Examples []string
}

// maxExamples is of how many problems of a kind a run remembers the details.
const maxExamples = 5

// Head is the head of a table of results.
const Head = "requests      hits      304     fills collapsed bypassed  refused   outrun  strikes   purges   failed broken  stale"

// Row is the result as a row of the table.
func (r Result) Row() string {
	return fmt.Sprintf("%8d %9d %8d %9d  %8d %8d %8d %8d %8d %8d %8d %6d %6d",
		r.Requests, r.Hits, r.NotModified, r.Fills, r.Collapsed, r.Bypassed, r.Refused, r.Outrun, r.Strikes,
		r.Purges, r.Failed, r.Broken, r.Stale)
}

// Check returns an error that says what is wrong: stale or broken answers, or
// that nothing was proved because nothing of interest happened.
func (r Result) Check() error {
	var errs []error
	if r.Stale > 0 {
		errs = append(errs, fmt.Errorf("%d stale", r.Stale))
	}
	if r.Broken > 0 {
		errs = append(errs, fmt.Errorf("%d broken: a broken cache must not break a page", r.Broken))
	}
	return errors.Join(append(errs, r.Meaningful())...)
}

// Meaningful returns an error if the run could not have found anything: no page
// came from the cache, nothing was purged, or no fill was outrun by a purge.
func (r Result) Meaningful() error {
	var errs []error
	for _, n := range []struct {
		name  string
		count int64
	}{
		{"hits", r.Hits}, {"fills", r.Fills}, {"purges", r.Purges}, {"fills outrun by a purge", r.Outrun},
	} {
		// A few are an accident.
		if n.count < 10 {
			errs = append(errs, fmt.Errorf("%d %s: the run proves nothing", n.count, n.name))
		}
	}
	return errors.Join(errs...)
}

// A tally is a Result that is being counted.
type tally struct {
	requests, hits, notModified, fills, collapsed, bypassed, refused, outrun atomic.Int64

	strikes, purges, failures, brokenPages, staleVersions atomic.Int64

	mu       sync.Mutex
	examples []string
}

func (t *tally) count(a *answer, outrun bool) {
	t.requests.Add(1)
	if a.notModified {
		t.notModified.Add(1)
	}
	switch {
	case a.status.hit:
		t.hits.Add(1)
	case a.status.collapsed:
		t.collapsed.Add(1)
	case a.status.forward == "miss", a.status.forward == "stale":
		t.fills.Add(1)
		if a.status.purged {
			t.refused.Add(1)
		}
		if outrun {
			t.outrun.Add(1)
		}
	default:
		t.bypassed.Add(1)
	}
}

func (t *tally) stale(a *answer, record int, shown, want Version) {
	t.example(&t.staleVersions, "stale: %v: record %d at version %d, purged up to %d before the request began, %v ago",
		a, record, shown, want, time.Since(a.began))
}

func (t *tally) broken(a *answer, err error) {
	t.requests.Add(1)
	t.example(&t.brokenPages, "broken: %v: %v", a, err)
}

func (t *tally) purgeFailed(err error) {
	t.example(&t.failures, "failed: %v", err)
}

func (t *tally) example(n *atomic.Int64, format string, args ...any) {
	if n.Add(1) > maxExamples {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.examples = append(t.examples, fmt.Sprintf(format, args...))
}

func (t *tally) result() Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Result{
		Requests:    t.requests.Load(),
		Hits:        t.hits.Load(),
		NotModified: t.notModified.Load(),
		Fills:       t.fills.Load(),
		Collapsed:   t.collapsed.Load(),
		Bypassed:    t.bypassed.Load(),
		Refused:     t.refused.Load(),
		Outrun:      t.outrun.Load(),
		Strikes:     t.strikes.Load(),
		Purges:      t.purges.Load(),
		Failed:      t.failures.Load(),
		Broken:      t.brokenPages.Load(),
		Stale:       t.staleVersions.Load(),
		Examples:    slices.Clone(t.examples),
	}
}
