package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// A round is one read of the log, shared by the requests that wait for it.
type round struct {
	done chan struct{}
	err  error
}

// read waits for a read of the log that began after the call. One read is in flight
// at a time:
//
//	request A begins a read     round 1
//	request B comes             round 1 may have missed an event: B waits for round 2
//	request C comes             shares round 2 with B
//	round 1 ends, A goes on     round 2 begins, for B and C
//
// The read does not belong to a request: if one gives up, the others go on waiting.
func (r *reader) read(ctx context.Context) error {
	mine, err := r.nextRound()
	if err != nil {
		return err
	}
	select {
	case <-mine.done:
		return mine.err
	case <-ctx.Done():
		return fmt.Errorf("coherent: waiting for the log: %w", context.Cause(ctx))
	}
}

// nextRound returns the first round that begins after the call.
func (r *reader) nextRound() (*round, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.life.closed.Load() {
		return nil, fmt.Errorf("coherent: %w", cache.ErrClosed)
	}
	if r.running != nil && r.next != nil {
		return r.next, nil
	}
	mine := &round{done: make(chan struct{})}
	if r.running != nil {
		r.next = mine
		return mine, nil
	}
	if !r.life.start(r.readRounds) {
		return nil, fmt.Errorf("coherent: %w", cache.ErrClosed)
	}
	r.running = mine
	return mine, nil
}

// A read may hang on a dead connection, and no other begins until it ends. The first
// read of a process has the most to bring along.
const (
	maxFirstTimeout = 10 * time.Second
	maxTimeout      = time.Second
)

// readRounds reads the log as long as requests wait for another read.
//
// A read has as much time as a request. One that fails for want of time leaves four
// times as much to the next, while requests still give up after theirs. Otherwise a
// process would never catch up with a log that takes longer to read than a request
// waits.
func (r *reader) readRounds() {
	r.mu.Lock()
	mine := r.running
	r.mu.Unlock()
	defer func() {
		if mine == nil {
			return
		}
		// The log has ended this goroutine. Requests must not wait for ever.
		mine.err = fmt.Errorf("coherent: read the log: %w", panics.ErrExit)
		if next := r.endRound(mine); next != nil {
			r.life.goroutines.Go(r.readRounds) // also after Close, which waits for this goroutine
		}
	}()
	for mine != nil {
		timeout := max(r.opts.Timeout, time.Duration(r.timeout.Load()))
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		mine.err = r.catchUp(ctx)
		switch {
		case mine.err == nil:
			r.timeout.Store(0)
		case ctx.Err() != nil:
			most := maxTimeout
			if r.view().position() == 0 {
				most = maxFirstTimeout
			}
			most = max(most, r.opts.Timeout)
			r.timeout.Store(int64(4 * min(timeout, most/4)))
		}
		cancel()
		mine = r.endRound(mine)
	}
}

// endRound lets the requests go that wait for a round. It returns the next one, or
// nil.
func (r *reader) endRound(ended *round) (next *round) {
	close(ended.done)
	r.mu.Lock()
	defer r.mu.Unlock()
	next = r.next
	r.running, r.next = next, nil
	return next
}
