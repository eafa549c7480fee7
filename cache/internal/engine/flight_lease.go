package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"time"
)

// Await lets the leader of a flight wait for its turn among the processes that share a
// store, see coherent.Options.Lease. Without leases it returns at once. The leader calls
// it once, before anything else.
//
// If Await returns nil, the leader makes the value. It calls [Flight.Fill] afterwards,
// since the fill begins when the wait is over. Otherwise another process has made the
// value, which is returned. within bounds the wait further; 0 does not. The error is
// ctx's.
//
// useful says whether a fresh value will do; nil accepts any.
//
// A lease saves work and is never trusted:
//
//	A and B find nothing     A gets the lease and makes the value
//	B asks for the lease     A has it
//	B looks for the value    not there: B asks and looks again and again
//	A stores the value, and then ends the lease
//	B asks for the lease     B has it now, or C, or nobody
//	B looks for the value    A's value is there, because B asked first and then looked
func (fl *Flight[V]) Await(ctx context.Context, within time.Duration, useful func(*Stored[V]) bool) (*Stored[V], error) {
	// If A's value is not there, A has failed, or its value was purged or must not be
	// stored. Then B makes its own, and so does everybody else who waited for A. One wait
	// is fair, a second could be for a value that is for nobody else.
	//
	// The log judges what is found, as in any lookup. B's own fill begins after the last
	// look, which has confirmed the log.
	c := fl.flights.storage.c
	if c.leases.store == nil || fl.extra {
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
			fl.awaited = found
			return found, nil
		case ctx.Err() != nil:
			return nil, fmt.Errorf("coherent: waiting for the lease on %q: %w", fl.key, context.Cause(ctx))
		case !ok, has == holder, has == "", before != "" && has != before, waited >= bound:
			fl.restart()
			return nil, nil
		default:
			before = has
			if err := sleep(ctx, min(lookInterval(waited), bound-waited)); err != nil {
				return nil, fmt.Errorf("coherent: waiting for the lease on %q: %w", fl.key, err)
			}
		}
	}
}

// look asks for the lease, and then for the value. ok is false if the backend cannot
// tell about leases.
func (fl *Flight[V]) look(ctx context.Context, holder string, useful func(*Stored[V]) bool) (has string, found *Stored[V], ok bool) {
	st := fl.flights.storage
	c := st.c
	if c.life.closed.Load() || c.breaker.unavailable() != nil {
		return "", nil, false
	}
	within, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	has, err := c.leases.ask(within, fl.key, holder)
	if err != nil {
		fl.leaseFailed(ctx, within, err)
		fl.holder = holder // the store may have given it nevertheless
		return "", nil, false
	}
	if has == holder {
		fl.holder = holder
	}
	s, verdict, err := st.find(ctx, []byte(fl.key))
	if err == nil && verdict == Fresh && useful != nil && !useful(s) && c.tiers[0].local != nil && len(c.tiers) > 1 {
		// The near tier has the value that is to be replaced. Its successor is in a
		// farther tier, which the processes share.
		s, verdict, err = st.getFar(ctx, fl.key, 1, lookup[V]{recent: true})
	}
	if err != nil {
		return has, nil, false
	}
	if verdict == Fresh && (useful == nil || useful(s)) {
		return has, s, true
	}
	return has, nil, true
}

// restart begins the fill again, with the view that was confirmed last: the value will
// be newer than the purges during the wait.
func (fl *Flight[V]) restart() {
	fs := fl.flights
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fl.fill = fl.fill.restarted(fs.storage.c.reader.view().position())
	fl.began = time.Now()
	fl.queue.startTimer()
}

// release ends the leader's lease, if it has one. Nobody waits for that.
func (fl *Flight[V]) release() {
	c := fl.flights.storage.c
	if fl.holder == "" || c.breaker.unavailable() != nil {
		return // the lease ends by itself
	}
	c.life.start(func() {
		ctx := context.Background() // Close waits
		within, cancel := context.WithTimeout(ctx, c.opts.Timeout)
		defer cancel()
		if err := c.leases.release(within, fl.key, fl.holder); err != nil {
			fl.leaseFailed(ctx, within, err)
		}
	})
}

// leaseFailed tells the breaker and Observe of an error of a call about leases, made for
// ctx.
func (fl *Flight[V]) leaseFailed(ctx, within context.Context, err error) {
	c := fl.flights.storage.c
	if unanswered(within, err) {
		_ = c.breaker.record(ctx, within, err)
	}
	if ctx.Err() == nil {
		c.observe.report(OpLease, fl.key, err)
	}
}

// lookInterval returns when to look again after a wait: in an eighth of it. So nobody
// waits much longer than necessary, and a long wait is about fifty looks.
func lookInterval(waited time.Duration) time.Duration {
	const soonest, latest = 2 * time.Millisecond, 100 * time.Millisecond
	d := min(max(waited/8, soonest), latest)
	return d - d/4 + mathrand.N(d/2) // processes should not all look at once
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
