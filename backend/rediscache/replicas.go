package rediscache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrReplicas is what Append returns, wrapped, when fewer than Options.Replicas
// replicas have acknowledged an event in time. The event is in the log of the
// server that answered, and may be lost with it: append it again.
var ErrReplicas = errors.New("too few replicas have the event")

const (
	// replicasTimeout is how long replicas may take where the context has no
	// deadline.
	replicasTimeout = time.Second

	// maxAppends is how often a cluster is asked which node has the log.
	maxAppends = 4
)

// appendReplicated runs the append script and waits for the replicas.
//
// WAIT speaks of what its own connection has written, so that both go in one
// pipeline to one server. On a cluster that is the node that has the log; the
// cluster's client would send WAIT, which names no key, to any of them.
func (b *Backend) appendReplicated(ctx context.Context, args []any) ([]any, error) {
	pause := 20 * time.Millisecond
	for try := 1; ; try++ {
		src, err := b.source(ctx)
		var reply []any
		if err == nil {
			reply, err = b.appendAndWait(ctx, src.client, args)
		}
		if err == nil || b.cluster == nil || try == maxAppends || errors.Is(err, ErrReplicas) || errors.Is(err, ErrFenced) {
			return reply, err
		}
		// The slot may have moved, or its master may be gone.
		b.reload(ctx)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
			pause *= 4
		case <-ctx.Done():
			timer.Stop()
			return nil, err
		}
	}
}

func (b *Backend) appendAndWait(ctx context.Context, c *redis.Client, args []any) ([]any, error) {
	timeout := waitFor(ctx, c.Options().ReadTimeout)
	pipe := c.Pipeline()
	eval := pipe.Eval(ctx, appendScript, []string{b.headKey, b.eventsKey}, args...)
	wait := pipe.Do(ctx, "wait", b.opts.Replicas, timeout.Milliseconds())
	_, _ = pipe.Exec(ctx) // each command has its own error
	reply, err := eval.Slice()
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ErrReplicas, err) // they kept go-redis waiting
	}
	if err != nil {
		return nil, named(err)
	}
	n, err := wait.Int64()
	if err != nil {
		return nil, fmt.Errorf("%w: WAIT %d: %w", ErrReplicas, b.opts.Replicas, err)
	}
	if n < int64(b.opts.Replicas) {
		return nil, fmt.Errorf("%w: %d of %d acknowledged it within %v", ErrReplicas, n, b.opts.Replicas, timeout)
	}
	return reply, nil
}

// waitFor returns how long WAIT may take. Its answer, which may be a tenth of a
// second late, should come before the context ends, and before go-redis takes the
// connection for dead.
func waitFor(ctx context.Context, read time.Duration) time.Duration {
	timeout := replicasTimeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = early(time.Until(deadline))
	}
	if read > 0 {
		timeout = min(timeout, early(read))
	}
	return max(timeout.Truncate(time.Millisecond), time.Millisecond) // 0 is for ever
}

func early(d time.Duration) time.Duration { return max(d-150*time.Millisecond, d/2) }
