package engine

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// A reader reads the log, and keeps a view of it.
type reader struct {
	log     cache.Log
	local   cache.LocalLog // nil unless the log is in this process's memory
	opts    Options        // a copy, since hits read it
	life    *lifetime
	observe observer

	current   atomic.Pointer[view]
	start     time.Time    // confirmed counts from here
	confirmed atomic.Int64 // when the newest read of the log began, in ns since start; 0 for never

	timeout    atomic.Int64 // of the next read, if longer than Options.Timeout
	mu         sync.Mutex
	running    *round // the read of the log that is under way
	next       *round // the read after it, for requests that came since
	recovering bool   // a goroutine reads the events that the view has skipped
}

// view is what this process knows of the log. It may be replaced: for one judgement,
// ask once.
func (r *reader) view() *view { return r.current.Load() }

// elapsed is the time since start.
func (r *reader) elapsed() time.Duration { return time.Since(r.start) }

// confirm makes the view as recent as a request needs that begins now.
func (r *reader) confirm(ctx context.Context) (err error) {
	if r.local != nil {
		defer panics.Catch(&err)
		if r.local.Head() == r.view().position() {
			return nil
		}
		return r.catchUp(ctx)
	}
	if r.recent() {
		return nil
	}
	return r.read(ctx)
}

// recent reports whether the log was read within MaxStale.
func (r *reader) recent() bool {
	if r.opts.MaxStale == 0 {
		return false
	}
	confirmed := r.confirmed.Load()
	return confirmed > 0 && r.elapsed()-time.Duration(confirmed) <= r.opts.MaxStale
}

// catchUp reads the log up to its head, page by page. It keeps each page, so that the
// next read goes on after an error.
//
// The first read of a process goes on to the head after the first page. One that is
// far behind does so when half of a request's time is over. The events that they skip
// are read in the background, see recoverSkipped.
func (r *reader) catchUp(ctx context.Context) (err error) {
	defer panics.Catch(&err)
	began := max(r.elapsed(), 1)
	for {
		w := r.view()
		after := w.position()
		events, err := r.page(ctx, after)
		if err != nil {
			return err
		}
		if events.Head < after {
			r.restart(w, events.Head)
			continue
		}
		// A process that has just started has nothing to lose.
		if w.apply(events) && after != 0 {
			r.observe.tell(Observation{Op: OpGap, Floor: events.From})
		}
		if r.view() != w {
			continue
		}
		if events.End() >= events.Head {
			break
		}
		if after == 0 || r.elapsed()-began > r.opts.Timeout/2 {
			w.skip(events.Head, after != 0)
			break
		}
	}
	r.recoverSkipped()
	for {
		confirmed := r.confirmed.Load()
		if confirmed >= int64(began) || r.confirmed.CompareAndSwap(confirmed, int64(began)) {
			return nil
		}
	}
}

// page asks the log for the events after a position. A list that is too short counts
// as a page, even if the log says that there are no more events.
func (r *reader) page(ctx context.Context, after cache.Position) (events cache.Events, err error) {
	defer panics.Catch(&err)
	events, err = r.log.Since(ctx, after)
	if err == nil {
		err = checkEvents(&events, after)
	}
	if err != nil {
		return cache.Events{}, fmt.Errorf("coherent: read the log after %d: %w", after, err)
	}
	return events, nil
}

// restart replaces the view w by one that begins at head, unless it was replaced
// already. The log has begun an era before w's position:
//
//	the server's clock is wrong         an era begins in 2040
//	the clock is set right              its head is over ten years ahead, so an
//	                                    era of today begins
//	the process asks for later events   there will be none for years
//	it begins a new view at the head
//
// A value stamped in 2040 is ahead of the new view, so it is purged. A value stamped
// before the new era is below the floor.
func (r *reader) restart(w *view, head cache.Position) {
	next := newView(r.opts.MaxDependencies)
	next.floor.Store(uint64(head))
	next.pos.Store(uint64(head))
	if r.current.CompareAndSwap(w, next) {
		r.observe.tell(Observation{Op: OpGap, Floor: head})
	}
}
