package outbox

import (
	"errors"
	"fmt"
	"time"

	"github.com/uncache/uncache/internal/panics"
)

// Close drains, when nobody saves here any more:
//
//  1. The relay polls no more. The claim that it has in hand is finished.
//  2. The rows that Purged was told of are deleted.
//  3. If the relay was started, it claims once more until it has seen all that
//     was left, by this process or by others: rows that are due, and those that
//     no relay has tried, though Options.Grace be not over, for their savers may
//     be gone. Rows that wait because they have failed stay, and what others save
//     meanwhile is for their relays.
//
// It all takes no longer than Options.CloseTimeout, after which what is under way
// is broken off and Close returns an error; a Purger, or a driver of a database, that
// does not heed its context is left behind a second later. Close also returns an
// error if the Purger or the database is down. In either case the rows stay in the
// table, for another relay or the next process; nothing is lost.
//
// Enqueue, Keep, Purged, Stats and Revive work on a closed Outbox. Called again,
// Close returns nil at once.
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

// deaf is how long those are waited for who were told to break off.
const deaf = time.Second

// await waits for the end, for as long as CloseTimeout says.
func (o *Outbox) await(ended <-chan error) error {
	timer := time.NewTimer(o.opts.CloseTimeout)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err
	case <-timer.C:
	}
	o.cancel()
	timer.Reset(deaf)
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
		// Where others save all the time there is always something.
		all := !out.more && out.settled() == len(out.rows)
		more = out.settled() > 0 && !all
	}
	if o.ctx.Err() != nil {
		err = errors.Join(errTime, err)
	}
	return err
}

var errTime = errors.New("Options.CloseTimeout is over")
