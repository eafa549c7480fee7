package invalidate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/uncache/uncache/cache"
)

const (
	// maxRepeats and maxRepeatBytes are how much may wait to be purged again by timers.
	maxRepeats     = 10_000
	maxRepeatBytes = 64 << 20
	// maxRepeating is how many events are purged again at a time.
	maxRepeating = 16
)

// repeats are the events of an Invalidator that wait to be purged again in this
// process. A nil one has none.
type repeats struct {
	inv    *Invalidator
	slots  chan struct{}
	stop   chan struct{} // closed by close
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex
	closed  bool
	pending map[*repetition]struct{}
	bytes   int
	wg      sync.WaitGroup
}

func newRepeats(inv *Invalidator) *repeats {
	r := &repeats{
		inv:     inv,
		slots:   make(chan struct{}, maxRepeating),
		stop:    make(chan struct{}),
		pending: make(map[*repetition]struct{}),
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// add queues events that were purged just now: the outbox purges them again, or else a
// timer does. add does not wait for the outbox, which may wait for the very connection
// that the caller holds.
func (r *repeats) add(events []cache.Event, models []string) {
	if r == nil || len(events) == 0 {
		return
	}
	var added, dropped []*repetition
	var why error
	r.mu.Lock()
	for _, e := range events {
		n := &repetition{event: e, models: models, purged: time.Now()}
		switch {
		case r.closed:
			why = errClosed
			dropped = append(dropped, n)
		case len(r.pending) == maxRepeats || r.bytes+n.bytes() > maxRepeatBytes:
			why = errTooMany
			dropped = append(dropped, n)
		default:
			r.pending[n] = struct{}{}
			r.bytes += n.bytes()
			added = append(added, n)
		}
	}
	if len(added) > 0 && r.inv.lasts() {
		r.wg.Go(func() { r.keep(added) })
	} else {
		for _, n := range added {
			r.arm(n)
		}
	}
	r.mu.Unlock()
	for _, n := range dropped {
		r.drop(n, why)
	}
}

var (
	errClosed  = errors.New("the Invalidator is closed")
	errTooMany = errors.New("too many events wait for it")
)

// arm starts the timer of n. The caller holds r.mu.
func (r *repeats) arm(n *repetition) {
	n.timer = time.AfterFunc(time.Until(n.purged.Add(r.inv.opts.Repeat[n.step])), func() { r.fire(n) })
}

// remove forgets n. The caller holds r.mu.
func (r *repeats) remove(n *repetition) {
	if _, ok := r.pending[n]; ok {
		delete(r.pending, n)
		r.bytes -= n.bytes()
	}
}

func (r *repeats) close() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	close(r.stop)
	var dropped []*repetition
	for n := range r.pending {
		if n.timer != nil {
			n.timer.Stop()
			r.remove(n)
			dropped = append(dropped, n)
		}
	}
	r.mu.Unlock()
	for _, n := range dropped {
		r.drop(n, errClosed)
	}
	defer r.cancel()
	done := make(chan struct{})
	go func() {
		r.wg.Wait()
		close(done)
	}()
	timer := time.NewTimer(r.inv.opts.PurgeTimeout)
	defer timer.Stop()
	select {
	case <-done:
		return nil
	case <-timer.C:
	}
	r.cancel()
	timer.Reset(time.Second) // for a Purger that ends with its context
	select {
	case <-done:
		return nil
	case <-timer.C:
		return fmt.Errorf("invalidate: close: a Purger or an Outbox is still at work after Options.PurgeTimeout, %v", r.inv.opts.PurgeTimeout)
	}
}
