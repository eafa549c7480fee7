package rediscache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/internal/alongside"
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
func (b *Backend) appendReplicated(ctx context.Context, args []any, extra *alongside.Keys) ([]any, error) {
	pause := 20 * time.Millisecond
	for try := 1; ; try++ {
		src, err := b.source(ctx)
		var reply []any
		if err == nil {
			reply, err = b.appendAnd(ctx, src.client, args, extra)
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

// appendAnd appends by one server, and in the same round trip deletes the keys that
// may be deleted then, and waits for the replicas. Keys that cannot be deleted are
// no failure: nothing rests on it.
func (b *Backend) appendAnd(ctx context.Context, c *redis.Client, args []any, extra *alongside.Keys) ([]any, error) {
	return b.byDigest(func(byDigest bool) ([]any, error) {
		pipe := c.Pipeline()
		eval := b.evalAppend(ctx, pipe, byDigest, args)
		var unlink *redis.IntCmd
		if extra != nil {
			unlink = pipe.Unlink(ctx, b.valueKeys(extra.Names)...)
		}
		var wait *redis.Cmd
		timeout := waitFor(ctx, c.Options().ReadTimeout)
		if b.opts.Replicas > 0 {
			wait = pipe.Do(ctx, "wait", b.opts.Replicas, timeout.Milliseconds())
		}
		_, _ = pipe.Exec(ctx) // each command has its own error
		reply, err := eval.Slice()
		switch {
		case err != nil && wait != nil && ctx.Err() != nil:
			return nil, fmt.Errorf("%w: %w", ErrReplicas, err) // they kept go-redis waiting
		case err != nil:
			return nil, named(err)
		}
		if unlink != nil {
			extra.Gone = unlink.Err() == nil
		}
		if wait != nil {
			err = b.enough(wait, timeout)
		}
		return reply, err
	})
}

// enough returns nil if as many replicas have the event as must.
func (b *Backend) enough(wait *redis.Cmd, timeout time.Duration) error {
	n, err := wait.Int64()
	if err != nil {
		return fmt.Errorf("%w: WAIT %d: %w", ErrReplicas, b.opts.Replicas, err)
	}
	if n < int64(b.opts.Replicas) {
		return fmt.Errorf("%w: %d of %d acknowledged it within %v", ErrReplicas, n, b.opts.Replicas, timeout)
	}
	return nil
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
