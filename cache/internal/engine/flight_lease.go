package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"github.com/uncache/uncache/cache"
)

// leaserOf returns the farthest of b's tiers that has leases, which is the one
// that most processes share, or nil.
func leaserOf(b cache.Backend) cache.Leaser {
	for _, t := range slices.Backward(cache.Tiers(b)) {
		if l, ok := t.(cache.Leaser); ok {
			return l
		}
	}
	return nil
}

// Await has the leader of a flight wait for its turn among the processes that
// share a store, see [Options.Lease]; without leases it returns at once. The
// leader calls it once, before anything else, and makes the value if it returns
// nil; it reads [Flight.Fill] afterwards, since the fill begins when the waiting
// is over. Otherwise another process has made the value, which is returned. within
// bounds the wait, beside Options.Lease; 0 is no bound.
//
// useful says whether a fresh value that is found will do; nil stands for any.
// The error is ctx's.
//
// A lease saves work and is never trusted:
//
//  1. A and B find nothing; A gets the lease, and makes the value
//  2. B asks who has the lease, and then looks for the value,    A
//     again and again
//  3. A stores the value, and ends the lease
//  4. B asks who has the lease (B now, or nobody, or C), and     that is why the
//     then looks: what A has stored is there                     order is this one
//  5. if it is not there, A has failed, or its value was purged, or must not be
//     stored: B makes its own, and so does everybody who has waited for A. One
//     wait is fair, a second could be for a value that is for nobody else.
//
// What is found is judged by the log, as any request does it. So is what B makes
// itself: its fill begins after the last look, which has confirmed the log.
func (fl *Flight[V]) Await(ctx context.Context, within time.Duration, useful func(*Stored[V]) bool) (*Stored[V], error) {
	c := fl.v.c
	if c.lease == nil || fl.extra {
		return nil, nil
	}
	bound := c.opts.Lease
	if within > 0 {
		bound = min(bound, within)
	}
	holder := rand.Text()
	began := time.Now()
	for before := ""; ; {
		has, found, ok := fl.look(ctx, holder, useful)
		switch waited := time.Since(began); {
		case found != nil:
			fl.found = found
			return found, nil
		case ctx.Err() != nil:
			return nil, fmt.Errorf("coherent: waiting for the lease on %q: %w", fl.key, context.Cause(ctx))
		case !ok, has == holder, has == "", before != "" && has != before, waited >= bound:
			fl.beginAgain()
			return nil, nil
		default:
			before = has
			if err := pause(ctx, min(pollAfter(waited), bound-waited)); err != nil {
				return nil, fmt.Errorf("coherent: waiting for the lease on %q: %w", fl.key, err)
			}
		}
	}
}

// look asks for the lease, and then for the value. ok is false if the backend
// can't tell about leases.
func (fl *Flight[V]) look(ctx context.Context, holder string, useful func(*Stored[V]) bool) (has string, found *Stored[V], ok bool) {
	c := fl.v.c
	if c.closed.Load() || c.unavailable() != nil {
		return "", nil, false
	}
	within, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	has, err := c.askLease(within, fl.key, holder)
	if err != nil {
		c.leaseFailed(ctx, within, fl.key, err)
		fl.holds = holder // it may have been given all the same
		return "", nil, false
	}
	if has == holder {
		fl.holds = holder
	}
	s, verdict, err := fl.v.Get(ctx, []byte(fl.key))
	if err == nil && verdict == Fresh && useful != nil && !useful(s) && c.tiers[0].local != nil && len(c.tiers) > 1 {
		// Nothing in the log speaks against what is near, but it is what others
		// make the successor of: that is found in a store that they share.
		s, verdict, err = fl.v.getFar(ctx, fl.key, 1, true, nil, Absent)
	}
	if err != nil {
		return has, nil, false
	}
	if verdict == Fresh && (useful == nil || useful(s)) {
		return has, s, true
	}
	return has, nil, true
}

// beginAgain begins the fill of a flight anew, with the view that was confirmed
// last: what was purged while its leader waited is older than what it makes now.
func (fl *Flight[V]) beginAgain() {
	fl.v.mu.Lock()
	defer fl.v.mu.Unlock()
	fl.fill = fl.fill.again(fl.v.c)
	fl.began = time.Now()
	fl.crowd.start()
}

// release ends the lease that the leader has, if any. Nobody waits for that here.
func (fl *Flight[V]) release() {
	c := fl.v.c
	if fl.holds == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() || c.unavailable() != nil {
		return // it ends by itself
	}
	c.wg.Go(func() {
		ctx := context.Background() // Close waits
		within, cancel := context.WithTimeout(ctx, c.opts.Timeout)
		defer cancel()
		if err := c.endLease(within, fl.key, fl.holds); err != nil {
			c.leaseFailed(ctx, within, fl.key, err)
		}
	})
}

// leaseFailed tells the breaker, and Observe, what became of a call about leases
// that was made for ctx.
func (c *Cache) leaseFailed(ctx, within context.Context, key string, err error) {
	if unanswered(within, err) {
		_ = c.answer(ctx, within, err)
	}
	if ctx.Err() == nil {
		c.observe(OpLease, key, err)
	}
}

// pollAfter returns when to look again after a wait: in an eighth of it, so that
// nobody waits much longer than he must, and a long wait is some fifty looks and
// not thousands.
func pollAfter(waited time.Duration) time.Duration {
	const soonest, latest = 2 * time.Millisecond, 100 * time.Millisecond
	d := min(max(waited/8, soonest), latest)
	return d - d/4 + mathrand.N(d/2) // processes should not look as one
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
