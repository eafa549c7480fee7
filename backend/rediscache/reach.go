package rediscache

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

const (
	// maxReach bounds how many connections are asked at a time.
	maxReach = 256

	// startTimeout is how long Redis may take to say to a process which has just
	// started that it is there.
	startTimeout = time.Second
)

// Reach asks Redis on the connections in the client's pool, and on a new one.
// Package coherent calls it when the network may have lost them.
//
// go-redis has a connection for as many commands as were once under way at the
// same time, and gives up one that is dead when a command has run out of time on
// it: as many commands as there are, one after another, had their user wait. On
// a cluster the keys asked for are spread over the nodes; one server is also asked
// whether it is fenced, which is no answer ([ErrFenced]).
func (b *Backend) Reach(ctx context.Context) error {
	n := min(int(b.rdb.PoolStats().IdleConns), maxReach) + 1
	errs := make(chan error, n)
	for i := range n {
		key := b.headKey
		if b.cluster != nil {
			key = b.opts.Prefix + "reach:" + strconv.Itoa(i)
		}
		go func() {
			err := panics.ErrExit
			defer func() { errs <- err }()
			if b.cluster != nil {
				err = b.ping(ctx, key)
			} else {
				err = b.pingFence(ctx, key)
			}
		}()
	}
	var failed error
	reached := false
	for range n {
		if err := <-errs; err == nil {
			reached = true
		} else {
			failed = err
		}
	}
	if !reached {
		return fmt.Errorf("rediscache: reach: %w", failed)
	}
	return nil
}

// ping returns nil if anything is answered.
func (b *Backend) ping(ctx context.Context, key string) (err error) {
	defer panics.Catch(&err)
	return answered(b.rdb.Get(ctx, key).Err())
}

// pingFence returns nil if anything is answered by a server that is not fenced.
// READONLY is an answer: go-redis dials anew because of it, and the log says more.
func (b *Backend) pingFence(ctx context.Context, key string) (err error) {
	defer panics.Catch(&err)
	pipe := b.rdb.Pipeline()
	get := pipe.Get(ctx, key)
	fence := b.askFence(ctx, pipe)
	_, _ = pipe.Exec(ctx) // each command has its own error
	if err := named(fence.Err()); errors.Is(err, ErrFenced) {
		return err
	}
	return answered(get.Err())
}

// answered returns err unless it is what the server said.
func answered(err error) error {
	if said := redis.Error(nil); errors.As(err, &said) {
		return nil
	}
	return err
}

// reachAtStart keeps a process that has just started from waiting for nothing:
// it gives the log the time that it takes to read 100,000 events, and if nobody
// was there, would come back that much later than Redis.
func (b *Backend) reachAtStart(ctx context.Context, after cache.Position) error {
	if after != 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return b.ping(ctx, b.headKey)
}
