package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// Start starts the relay, which purges what savers have left in the table. Run it in at
// least one process, and in several to be sure. To start it again does nothing. After
// Close, Start returns [cache.ErrClosed].
//
// Start looks at the table, and returns an error if that is missing ([Outbox.Migrate])
// or may not be read. A database that is away, or does not answer within
// Options.Timeout, is no error: the relay waits for it.
func (o *Outbox) Start() error {
	if !o.isStarted() {
		if err := o.checkReadable(); err != nil {
			return fmt.Errorf("outbox: start: %w", err)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return fmt.Errorf("outbox: start: %w", cache.ErrClosed)
	}
	if !o.started {
		o.started = true
		o.wg.Go(o.relay)
	}
	return nil
}

func (o *Outbox) isStarted() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.started
}

// It asks for the newest column, since a table of an older version cannot be used
// either.
const selectNothing = `SELECT COUNT(purged) FROM {table} WHERE 1 = 0`

// checkReadable returns why the table cannot be used, if the database says so both
// before and after it has answered another query: it may just have started.
func (o *Outbox) checkReadable() error {
	ctx, cancel := context.WithTimeout(o.ctx, o.opts.Timeout)
	defer cancel()
	try := func(query string) error {
		var n int
		return o.db.QueryRowContext(ctx, query).Scan(&n)
	}
	if try(o.sql(selectNothing)) == nil || try("SELECT 1") != nil {
		return nil
	}
	if failed := try(o.sql(selectNothing)); failed != nil && ctx.Err() == nil {
		return fmt.Errorf("the table %s cannot be read; has Migrate been called? %w", o.opts.Table, failed)
	}
	return nil
}

// Wake has the relay of this process look for rows now, and again when the rows that it
// sees are due. Call it on news of rows, by LISTEN for example. It returns at once. It
// does nothing if no relay runs here, or if the relay pauses in an outage.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default: // it will look anyway
	}
}

func (o *Outbox) relay() {
	failures := 0
	for {
		var wait time.Duration
		err := panics.Apart(func() (err error) {
			wait, err = o.turn(o.ctx)
			return err
		})
		if errors.Is(err, panics.ErrExit) { // other errors have been observed
			o.observe(Observation{Op: OpClaim, Err: err})
		}
		wake := o.wake
		if err == nil {
			failures = 0
		} else {
			// A wake does not end an outage.
			failures++
			wait, wake = backoff(firstPause, o.opts.MaxPause, failures), nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-o.stop:
			timer.Stop()
			return
		case <-wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

func (o *Outbox) stopped() bool {
	select {
	case <-o.stop:
		return true
	default:
		return false
	}
}

// turn claims until nothing is due, and returns how long to wait for more. An error has
// been observed: the Purger or the database is down.
func (o *Outbox) turn(ctx context.Context) (wait time.Duration, err error) {
	if err := o.recovered(ctx); err != nil {
		return 0, err
	}
	for {
		// A quarter more or less, so that relays that were started together do not ask
		// together forever.
		poll := o.opts.Poll*3/4 + rand.N(o.opts.Poll/2+1)
		due, err := o.next(ctx, 0)
		if err != nil {
			return 0, err
		}
		if due > 0 {
			return min(due, poll), nil
		}
		out, err := o.claim(ctx, claimDue)
		if err != nil {
			return 0, err
		}
		if out.settled() > 0 && !o.stopped() {
			continue
		}
		// Others have claimed the rows that are due, or those are stuck. The next row
		// may be due before the next poll.
		if n := o.stuck.waiting; n > 0 {
			if due, err = o.next(ctx, n); err != nil {
				return 0, err
			}
			if due > 0 {
				return min(due, poll), nil
			}
		}
		return poll, nil
	}
}

// forever is longer than any poll.
const forever = 365 * 24 * time.Hour

var selectNext = `SELECT {until} FROM {due} WHERE ` + claimable + ` ORDER BY due LIMIT 1 OFFSET `

// next returns when a row is due that this process understands, by the database's
// clock, rounded up. It skips the first rows.
func (o *Outbox) next(ctx context.Context, skip int) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, o.opts.Timeout)
	defer cancel()
	var ms sql.NullFloat64 // NULL: due is no time, in SQLite or as 0000-00-00
	err := func() (err error) {
		defer panics.Catch(&err)
		return o.db.QueryRowContext(ctx, o.sql(selectNext+strconv.Itoa(skip))).Scan(&ms)
	}()
	switch {
	case err == sql.ErrNoRows:
		return forever, nil
	case err != nil:
		o.observe(Observation{Op: OpClaim, Err: err})
		return 0, err
	case ms.Float64 <= 0:
		return 0, nil
	}
	return time.Duration(min(ms.Float64, 1e9))*time.Millisecond + time.Millisecond, nil
}
