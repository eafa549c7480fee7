package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// confirm makes the view as recent as a request needs that begins now.
func (c *Cache) confirm(ctx context.Context) (err error) {
	if c.head != nil {
		defer panics.Catch(&err)
		if c.head.Head() == c.view().position() {
			return nil
		}
		return c.since(ctx)
	}
	if c.opts.MaxStale > 0 && c.recent() {
		return nil
	}
	return c.read(ctx)
}

// recent reports whether the log was read within MaxStale.
func (c *Cache) recent() bool {
	confirmed := c.confirmed.Load()
	return confirmed > 0 && time.Since(c.start)-time.Duration(confirmed) <= c.opts.MaxStale
}

// A round is one read of the log, shared by the requests that wait for it.
type round struct {
	done chan struct{}
	err  error
}

// read waits for a read of the log that began after the call. One read is in
// flight at a time:
//
//  1. request A begins a read                    round 1
//  2. request B comes while it is under way      B may not use it: an event may
//     have been appended after it looked
//  3. request C comes                            shares round 2 with B
//  4. round 1 ends, A goes on                    round 2 begins, for B and C
//
// The read is detached from the requests: that one of them gives up is not the
// others' failure.
func (c *Cache) read(ctx context.Context) error {
	c.mu.Lock()
	if c.closed.Load() {
		c.mu.Unlock()
		return fmt.Errorf("coherent: %w", cache.ErrClosed)
	}
	r := &round{done: make(chan struct{})}
	switch {
	case c.running == nil:
		c.running = r
		c.wg.Go(c.readRounds)
	case c.next == nil:
		c.next = r
	default:
		r = c.next
	}
	c.mu.Unlock()

	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return fmt.Errorf("coherent: waiting for the log: %w", context.Cause(ctx))
	}
}

// These bound how long one read of the log may take: the first, which has all of
// the log to bring along, and others. A read may also hang on a connection that
// is dead, and as long as it does there is no other.
const (
	maxFirstPatience = 10 * time.Second
	maxPatience      = time.Second
)

// readRounds reads the log as long as somebody waits for another read.
//
// A read may take as long as a request may. One that a process makes after it
// has started, or was away, has more to bring along than fits into that: each
// that fails for want of time leaves four times as much to the next, while requests
// give up after theirs. Otherwise a process would never catch up with a log that
// takes longer to read than a request waits.
func (c *Cache) readRounds() {
	r := c.running
	defer func() {
		if r == nil {
			return
		}
		// The log has ended the goroutine. Requests that wait must not wait for ever.
		r.err = fmt.Errorf("coherent: read the log: %w", panics.ErrExit)
		if next := c.endRound(r); next != nil {
			c.wg.Go(c.readRounds)
		}
	}()
	for r != nil {
		patience := max(c.opts.Timeout, time.Duration(c.patience.Load()))
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		r.err = c.since(ctx)
		switch {
		case r.err == nil:
			c.patience.Store(0)
		case ctx.Err() != nil:
			most := maxPatience
			if c.view().position() == 0 {
				most = maxFirstPatience
			}
			most = max(most, c.opts.Timeout)
			c.patience.Store(int64(4 * min(patience, most/4)))
		}
		cancel()
		r = c.endRound(r)
	}
}

// endRound lets those go who wait for a round, and returns the next one, or nil.
func (c *Cache) endRound(r *round) (next *round) {
	close(r.done)
	c.mu.Lock()
	defer c.mu.Unlock()
	next = c.next
	c.running, c.next = next, nil
	return next
}

// These say that a log breaks its contract. What it says is not believed then: an
// event that is not where it should be may stand in the place of one that is lost.
var (
	errNoProgress = errors.New("the log says that there is more and gives nothing: see cache.Events.More")
	errBegins     = errors.New("the log's answer begins before the position that was asked for: see cache.Events.From")
	errOrder      = errors.New("the log's events do not follow one another from where its answer begins: see cache.Events.List")
)

// check says in what a log's answer about the events after a position breaks the
// contract.
func check(events *cache.Events, after cache.Position) error {
	if events.From < after && !outOfReach(events, after) {
		return errBegins
	}
	for i := range events.List {
		if events.List[i].Position != events.From+cache.Position(i+1) {
			return errOrder
		}
	}
	if end := events.End(); end < events.Head && end <= after {
		return errNoProgress
	}
	return nil
}

// since brings the view up to the head of the log, page by page. Each page is
// kept, so that what fails later goes on from there.
//
// A process that has just started goes on to the head after the first page, and
// one that is far behind when half of a request's time is over. What they skip is
// read in the background: see owed.
func (c *Cache) since(ctx context.Context) (err error) {
	defer panics.Catch(&err)
	began := max(time.Since(c.start), 1)
	for {
		w := c.view()
		after := w.position()
		events, err := c.page(ctx, after)
		if err != nil {
			return err
		}
		if events.Head < after {
			c.drop(w, events.Head)
			continue // what it says from there on
		}
		// At its start a process knows nothing, and misses nothing.
		if w.apply(events) && after != 0 {
			c.tell(Observation{Op: OpGap, Floor: events.From})
		}
		if c.view() != w {
			continue
		}
		if events.End() >= events.Head {
			break
		}
		if after == 0 || time.Since(c.start)-began > c.opts.Timeout/2 {
			w.skip(events.Head, after != 0)
			break
		}
	}
	c.recall()
	for {
		confirmed := c.confirmed.Load()
		if confirmed >= int64(began) || c.confirmed.CompareAndSwap(confirmed, int64(began)) {
			return nil
		}
	}
}

// page asks the log for the events after a position. A list that is too short
// counts as a page, whatever the log says: it is never taken for the whole.
func (c *Cache) page(ctx context.Context, after cache.Position) (events cache.Events, err error) {
	defer panics.Catch(&err)
	events, err = c.log.Since(ctx, after)
	if err == nil {
		err = check(&events, after)
	}
	if err != nil {
		return cache.Events{}, fmt.Errorf("coherent: read the log after %d: %w", after, err)
	}
	return events, nil
}

// keepConfirmed reads the log often enough that requests need not. A read that
// fails is reported once; requests find out for themselves that the view is too
// old. In an outage it leaves the log to those who wait for its end.
func (c *Cache) keepConfirmed(ctx context.Context) {
	ticker := time.NewTicker(c.opts.MaxStale / 2)
	defer ticker.Stop()
	failing := false
	for {
		if c.unavailable() == nil {
			began := time.Since(c.start)
			err := c.read(ctx)
			if ctx.Err() != nil {
				return
			}
			if err != nil && !failing {
				c.observe(OpSince, "", err)
			}
			if failing = err != nil; failing {
				_ = c.failed(ctx, began, err)
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
