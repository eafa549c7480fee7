package engine

import (
	"context"
	"time"

	"github.com/uncache/uncache/cache"
)

const (
	// recoverTimeout bounds the read of one page. No request waits for it.
	recoverTimeout = 5 * time.Second

	// recoverPause is the time before a page that failed is asked for again.
	recoverPause = time.Second
)

// recoverSkipped starts a goroutine that reads the events which the view has skipped,
// unless there are none or one does already.
func (r *reader) recoverSkipped() {
	if r.view().skipFloor.Load() == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.recovering && r.life.start(r.recoverPages) {
		r.recovering = true
	}
}

// recoverPages reads pages until no event is missing. Of pages that fail in a row,
// the first is told to Observe.
func (r *reader) recoverPages() {
	ended := false
	defer func() {
		if !ended { // the log has ended this goroutine: the next read starts another
			r.mu.Lock()
			defer r.mu.Unlock()
			r.recovering = false
		}
	}()
	failing := false
	for {
		w, asked, ok := r.skippedOrEnd()
		if !ok {
			ended = true
			return
		}
		lost, err := r.recoverPage(w, asked)
		if r.life.ctx.Err() != nil {
			return
		}
		if lost != 0 {
			r.observe.tell(Observation{Op: OpGap, Floor: lost})
		}
		if err != nil && !failing {
			r.observe.report(OpSince, "", err)
		}
		if failing = err != nil; !failing {
			continue
		}
		select {
		case <-time.After(recoverPause):
		case <-r.life.ctx.Done():
			return
		}
	}
}

// skippedOrEnd returns the missing events. If there are none the goroutine is over:
// the next view that skips events starts another.
func (r *reader) skippedOrEnd() (*view, missing, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.view()
	asked, ok := w.skipped()
	r.recovering = ok
	return w, asked, ok
}

// recoverPage reads one page of missing events. It returns the floor if events are
// lost that the process could have judged by.
func (r *reader) recoverPage(w *view, asked missing) (lost cache.Position, err error) {
	ctx, cancel := context.WithTimeout(r.life.ctx, recoverTimeout)
	defer cancel()
	events, err := r.page(ctx, asked.at)
	if err == nil && w.addSkipped(asked, events) {
		lost = cache.Position(w.floor.Load())
	}
	return lost, err
}
