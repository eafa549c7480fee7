package outbox

import (
	"errors"
	"fmt"
	"time"

	"github.com/uncache/uncache/internal/panics"
)

// Close ends the relay and drains the table:
//
//  1. The relay finishes its claim and polls no more.
//  2. The rows that Purged was told of are deleted.
//  3. If the relay was started, it claims until nothing is left: rows that are due, and
//     rows that no relay has tried. Rows that have failed stay.
//
// After Options.CloseTimeout Close returns an error, and cancels what is left. A Purger
// or a driver that ignores that is left behind. Close also returns an error if the
// Purger or the database is down. The rows stay in the table: nothing is lost.
//
// Enqueue, Keep, Purged, Stats and Revive work on a closed Outbox. To close it again
// returns nil.
func (o *Outbox) Close() error {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		return nil
	}
	o.closed = true
	drain := o.started
	o.mu.Unlock()

	defer o.cancel()
	close(o.stop)
	ended := make(chan error, 1)
	go func() {
		o.wg.Wait()
		ended <- panics.Apart(func() error { return o.drain(drain) })
	}()
	if err := o.await(ended); err != nil {
		return fmt.Errorf("outbox: close: rows may be left in %s: %w", o.opts.Table, err)
	}
	return nil
}

// closeGrace is how long Close waits after it has cancelled what is left.
const closeGrace = time.Second

// await waits for the end, for at most CloseTimeout.
func (o *Outbox) await(ended <-chan error) error {
	timer := time.NewTimer(o.opts.CloseTimeout)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err
	case <-timer.C:
	}
	o.cancel()
	timer.Reset(closeGrace)
	select {
	case err := <-ended:
		return err
	case <-timer.C:
		return errTime
	}
}

// drain runs when the relay's goroutine has ended, and is its last turn.
func (o *Outbox) drain(relay bool) error {
	if o.ctx.Err() != nil {
		return errTime
	}
	if !relay {
		return nil
	}
	err := o.recovered(o.ctx)
	for more := true; err == nil && more; {
		var out outcome
		out, err = o.claim(o.ctx, claimAll)
		// While others save there is always another row.
		all := !out.more && out.settled() == len(out.rows)
		more = out.settled() > 0 && !all
	}
	if o.ctx.Err() != nil {
		err = errors.Join(errTime, err)
	}
	return err
}

var errTime = errors.New("Options.CloseTimeout is over")
