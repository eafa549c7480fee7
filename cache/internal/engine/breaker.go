package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// ErrUnavailable is what lookups and fills return, wrapped together with what
// was wrong, while the backend is not asked because it did not answer.
var ErrUnavailable = errors.New("the backend does not answer")

// A breaker spares requests a backend that does not answer:
//
//  1. a lookup fails, after Timeout or by an error    this visitor has waited
//  2. the breaker opens                               from here on nobody waits,
//     nothing is looked up or stored, handlers answer
//  3. a goroutine asks the backend, at once           that is what a single slow
//     and, if it answers, closes the breaker          reply costs: one round trip
//  4. it does not answer: it is asked again after     Observe is told, once
//     20 ms, 40 ms, 80 ms, and so on up to a second
//  5. it answers, and the log was read                closed; Observe is told
//
// How many failures open it? One, or a second visitor would wait for what the
// first has found out; it is cheap to be wrong, since step 3 is a round trip.
// But not one beside others that are answered: a lookup that fails while one
// which began after it was answered says something about that lookup, and
// nothing about the backend. For the same reason a part of a cluster that hangs
// does not open it as long as others ask the rest: who asks that part waits.
//
// Nothing that is promised rests on it: a request that comes after it has closed
// confirms the log as any other does.
type breaker struct {
	outage   atomic.Pointer[outage] // nil: closed
	answered atomic.Int64           // when the newest lookup that was answered began, in ns since start, more or less
	poke     chan struct{}          // says that now is a good time to ask
}

// An outage is a time in which no request asks the backend.
type outage struct{ err error } // what requests are told

const (
	firstWait = 20 * time.Millisecond
	maxWait   = time.Second
)

// unavailable returns the error of the outage, if there is one. It is all that
// a hit pays.
func (c *Cache) unavailable() error {
	if o := c.breaker.outage.Load(); o != nil {
		return o.err
	}
	return nil
}

// answer takes note of how the backend answered a lookup that was given
// Options.Timeout, in the context within, on behalf of ctx. It returns err, as
// the request is to see it.
func (c *Cache) answer(ctx, within context.Context, err error) error {
	if c.breaker.poke == nil {
		return err
	}
	deadline, _ := within.Deadline()
	// Too early if ctx has the earlier deadline, which errs on the safe side.
	began := deadline.Add(-c.opts.Timeout).Sub(c.start)
	if err == nil {
		// Not written at every hit, which would pass the line from core to core.
		if int64(began)-c.breaker.answered.Load() > int64(c.opts.Timeout/8) {
			c.breaker.answered.Store(int64(began))
		}
		return nil
	}
	return c.failed(ctx, began, err)
}

// failed opens the breaker because of an error of the backend, unless it is the
// caller's own doing or others have been answered. The error of somebody who was
// still waiting when it opened is part of the outage.
func (c *Cache) failed(ctx context.Context, began time.Duration, err error) error {
	if c.breaker.poke == nil || over(ctx) || errors.Is(err, cache.ErrClosed) {
		return err
	}
	if max(c.breaker.answered.Load(), c.confirmed.Load()) > int64(began) {
		return err
	}
	o := &outage{fmt.Errorf("coherent: %w: %w", ErrUnavailable, err)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return err
	}
	if !c.breaker.outage.CompareAndSwap(nil, o) {
		return o.err
	}
	c.wg.Go(c.awaitAnswer)
	return err
}

// answers says that the backend has just answered somebody, so that an outage
// need not last until it is asked the next time.
func (c *Cache) answers() {
	if c.breaker.outage.Load() == nil {
		return
	}
	select {
	case c.breaker.poke <- struct{}{}:
	default:
	}
}

// awaitAnswer asks the backend until it answers, and ends the outage.
func (c *Cache) awaitAnswer() {
	told, ended := false, false
	defer func() {
		if !ended { // Observe has ended the goroutine; the next failure begins another
			c.breaker.outage.Store(nil)
		}
	}()
	for wait := firstWait; ; wait = min(2*wait, maxWait) {
		again := wait > firstWait
		err := panics.Apart(func() error { return c.ask(c.life, again) })
		if c.life.Err() != nil {
			ended = true
			return
		}
		if err == nil {
			c.breaker.outage.Store(nil)
			if told {
				c.observe(OpAvailable, "", nil)
			}
			ended = true
			return
		}
		if !told {
			told = true
			c.observe(OpUnavailable, "", err)
		}
		// Processes that lost the same server should not come back as one.
		timer := time.NewTimer(wait - rand.N(wait/4))
		select {
		case <-timer.C:
		case <-c.breaker.poke:
		case <-c.life.Done():
		}
		timer.Stop()
	}
}

// ask does what a lookup does, for a key that nobody has stored, and always
// reads the log: the view is confirmed before a request relies on the backend
// again. If that has failed before, it is done on each connection.
//
// The stores are asked first, for as long as a lookup waits: only who answers is
// given the time that it takes to read a long log.
func (c *Cache) ask(ctx context.Context, again bool) error {
	// In a cluster, another key is another node.
	key := "probe:" + strconv.FormatUint(rand.Uint64(), 36)
	for i := range c.tiers {
		t := &c.tiers[i]
		if again {
			if err := t.reach(ctx, c.opts.Timeout); err != nil {
				return err
			}
		}
		if err := t.probe(ctx, key, c.opts.Timeout); err != nil {
			return err
		}
	}
	if c.head != nil {
		return nil
	}
	return c.read(ctx)
}

// reach asks one store on all its connections.
func (t *tier) reach(ctx context.Context, timeout time.Duration) (err error) {
	defer panics.Catch(&err)
	if t.conns == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return t.conns.Reach(ctx)
}

// probe asks one store. What a lookup takes for a miss is an answer.
func (t *tier) probe(ctx context.Context, key string, timeout time.Duration) (err error) {
	if t.local != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if t.head != nil {
		_, _, _, err = t.getHead(ctx, key)
	} else if _, _, err = t.Get(ctx, key); err != nil && !unanswered(ctx, err) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("coherent: ask for %q: %w", key, err)
	}
	return nil
}

// unanswered reports whether err, of a call with the context within, says that
// no answer came in time, rather than that the answer was no.
func unanswered(within context.Context, err error) bool {
	var timeout net.Error
	return over(within) || errors.As(err, &timeout) && timeout.Timeout()
}

// over reports whether ctx has ended. A connection with the deadline of ctx may
// be faster to say so than ctx.
func over(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}
