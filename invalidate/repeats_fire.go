package invalidate

import (
	"context"
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// keep writes the events to the outbox. If that fails, timers purge them again.
func (r *repeats) keep(all []*repetition) {
	r.slots <- struct{}{}
	defer func() { <-r.slots }()
	events := make([]cache.Event, len(all))
	for i, n := range all {
		events[i] = n.event
	}
	err := panics.Apart(func() error {
		ctx, cancel := context.WithTimeout(r.ctx, r.inv.opts.PurgeTimeout)
		defer cancel()
		return r.inv.lasting().KeepRepeat(ctx, events, r.inv.opts.Repeat, true)
	})
	var dropped []*repetition
	var armed []repetition // as they were: a timer may fire before they are told
	r.mu.Lock()
	for _, n := range all {
		switch {
		case err != nil && !r.closed:
			armed = append(armed, *n)
			r.arm(n)
		case err != nil:
			dropped = append(dropped, n)
			fallthrough
		default:
			r.remove(n)
		}
	}
	r.mu.Unlock()
	for _, n := range dropped {
		r.drop(n, fmt.Errorf("%w, and the outbox could not keep it: %w", errClosed, err))
	}
	for i := range armed {
		r.tell(&armed[i], 0, fmt.Errorf("the outbox could not keep the repeat, so a timer makes it: %w", err))
	}
}

// fire purges n again: its time has come.
func (r *repeats) fire(n *repetition) {
	r.mu.Lock()
	if r.closed { // close has dropped n
		r.mu.Unlock()
		return
	}
	n.timer = nil
	r.wg.Add(1)
	r.mu.Unlock()
	defer r.wg.Done()
	select {
	case r.slots <- struct{}{}:
		r.purge(n)
		<-r.slots
	case <-r.stop:
	}
	r.mu.Lock()
	dropped := false
	switch {
	case n.step == len(r.inv.opts.Repeat):
		r.remove(n)
	case r.closed:
		r.remove(n)
		dropped = true
	default:
		r.arm(n)
	}
	r.mu.Unlock()
	if dropped {
		r.drop(n, errClosed)
	}
}

// purge has the Purger purge n once more. If that fails, the next repeat may succeed.
func (r *repeats) purge(n *repetition) {
	after := r.inv.opts.Repeat[n.step]
	e := n.event
	e.Reason = fmt.Sprintf("%s (again after %v)", e.Reason, after)
	start := time.Now()
	err := panics.Apart(func() error {
		ctx, cancel := context.WithTimeout(r.ctx, r.inv.opts.PurgeTimeout)
		defer cancel()
		return purgeOne(ctx, r.inv.purger, e)
	})
	r.inv.count.repeat(err)
	again := *n
	again.event = e
	if err != nil {
		err = fmt.Errorf("again after %v: %w", after, err)
	}
	r.tell(&again, time.Since(start), err)
	n.step++
}

// drop tells Observe that n is not purged again.
func (r *repeats) drop(n *repetition, why error) {
	r.tell(n, 0, fmt.Errorf("%w: %w", ErrRepeatDropped, why))
}

// tell tells Observe what became of n. If Observe panics, it is told that, once: in a
// goroutine of the library the panic would end the process.
func (r *repeats) tell(n *repetition, took time.Duration, err error) {
	observe := r.inv.opts.Observe
	if observe == nil {
		return
	}
	call := func(err error) error {
		o := Observation{Event: n.event, Models: n.models, Duration: took, Repeat: n.step + 1}
		if err != nil {
			o.Err = &PurgeError{Event: n.event, Models: n.models, Err: err}
		}
		return panics.Apart(func() error { observe(o); return nil })
	}
	if failed := call(err); failed != nil {
		_ = call(failed)
	}
}
