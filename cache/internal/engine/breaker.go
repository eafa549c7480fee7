package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// errUnavailable is what lookups and fills return while the backend is not asked
// because it did not answer. It is wrapped together with the first error.
var errUnavailable = errors.New("the backend does not answer")

// A breaker spares requests a backend that does not answer:
//
//	a lookup fails                by an error, or after Timeout: one visitor has waited
//	the breaker opens             requests do without the backend, nobody waits
//	a goroutine asks the backend  at once, which bounds the cost of one slow reply
//	  no answer                   Observe is told once; it asks again after 20 ms,
//	                              40 ms, 80 ms and so on up to a second
//	  an answer                   it reads the log, and the breaker closes
//
// One failure is enough to open it, or a second visitor would wait to find out the
// same. To be wrong is cheap: the goroutine's first question is one round trip.
//
// A failure does not count if a lookup that began later was answered: the backend is
// there. So a node of a cluster that hangs does not open the breaker while other
// nodes answer. Requests to that node wait.
//
// No promise rests on the breaker: after it has closed, requests confirm the log as
// always.
type breaker struct {
	reader  *reader
	tiers   []tier
	timeout time.Duration
	life    *lifetime
	observe observer

	outage   atomic.Pointer[outage] // nil while the backend answers
	answered atomic.Int64           // when the newest answered lookup began, about, in ns since the reader's start
	wake     chan struct{}          // says that asking now is worthwhile; nil if there is no breaker
}

// An outage is a time in which requests do not ask the backend.
type outage struct{ err error } // what requests are told

const (
	firstWait = 20 * time.Millisecond
	maxWait   = time.Second
)

// unavailable returns the error of the outage, if there is one.
func (b *breaker) unavailable() error {
	if o := b.outage.Load(); o != nil {
		return o.err
	}
	return nil
}

// record notes how the backend answered a call that was made for ctx, with the
// context within, which adds Options.Timeout. It returns the error for the request.
func (b *breaker) record(ctx, within context.Context, err error) error {
	deadline, _ := within.Deadline()
	// If ctx has the earlier deadline, began is too early, which is the safe side.
	began := deadline.Add(-b.timeout).Sub(b.reader.start)
	if err == nil {
		// Not stored at every hit, or cores would wait for each other's cache line.
		if int64(began)-b.answered.Load() > int64(b.timeout/8) {
			b.answered.Store(int64(began))
		}
		return nil
	}
	return b.recordFailure(ctx, began, err)
}

// recordFailure opens the breaker, unless ctx has ended or a later lookup was answered.
// A request that was still waiting when the breaker opened gets errUnavailable, too.
func (b *breaker) recordFailure(ctx context.Context, began time.Duration, err error) error {
	if b.wake == nil || ended(ctx) || errors.Is(err, cache.ErrClosed) {
		return err
	}
	if max(b.answered.Load(), b.reader.confirmed.Load()) > int64(began) {
		return err
	}
	o := &outage{fmt.Errorf("coherent: %w: %w", errUnavailable, err)}
	b.life.mu.Lock()
	defer b.life.mu.Unlock()
	if b.life.closed.Load() {
		return err
	}
	if !b.outage.CompareAndSwap(nil, o) {
		return o.err
	}
	b.life.goroutines.Go(b.awaitAnswer)
	return err
}

// wakeUp has the backend asked now, if there is an outage: it has just answered a
// purge.
func (b *breaker) wakeUp() {
	if b.outage.Load() == nil {
		return
	}
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// awaitAnswer asks the backend until it answers, and ends the outage.
func (b *breaker) awaitAnswer() {
	ctx := b.life.ctx
	told, done := false, false
	defer func() {
		if !done { // Observe has ended this goroutine: the next failure starts another
			b.outage.Store(nil)
		}
	}()
	for wait := firstWait; ; wait = min(2*wait, maxWait) {
		again := wait > firstWait
		err := panics.Apart(func() error { return b.ask(ctx, again) })
		if ctx.Err() != nil {
			done = true
			return
		}
		if err == nil {
			b.outage.Store(nil)
			if told {
				b.observe.report(OpAvailable, "", nil)
			}
			done = true
			return
		}
		if !told {
			told = true
			b.observe.report(OpUnavailable, "", err)
		}
		// Processes that lost the same server should not all ask at once.
		timer := time.NewTimer(wait - rand.N(wait/4))
		select {
		case <-timer.C:
		case <-b.wake:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// ask looks up a key that nobody has stored, and reads the log: the view is confirmed
// before requests rely on the backend again. If it has failed before, it asks on each
// connection.
//
// The stores are asked first, with the timeout of a lookup: only a backend that
// answers is given the time to send a long log.
func (b *breaker) ask(ctx context.Context, again bool) error {
	// In a cluster, each key may be on another node.
	key := "probe:" + strconv.FormatUint(rand.Uint64(), 36)
	for i := range b.tiers {
		t := &b.tiers[i]
		if again {
			if err := t.reach(ctx, b.timeout); err != nil {
				return err
			}
		}
		if err := t.probe(ctx, key, b.timeout); err != nil {
			return err
		}
	}
	if b.reader.local != nil {
		return nil
	}
	return b.reader.read(ctx)
}
