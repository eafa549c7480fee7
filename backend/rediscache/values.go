package rediscache

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// logTag begins, after the prefix, the two keys of the log. It is their hash
// tag, which puts them into one slot of a cluster.
const logTag = "{log}:"

// valueKey is the key in Redis of the value under key: the prefix and the key.
// A key that could be one of the log's is moved out of its way.
func (b *Backend) valueKey(key string) string {
	if strings.HasPrefix(key, logTag) {
		return b.opts.Prefix + logTag + "value:" + key
	}
	return b.opts.Prefix + key
}

// Get returns the value under key, see [cache.Cache]. It makes one round trip.
func (b *Backend) Get(ctx context.Context, key string) ([]byte, bool, error) {
	return b.value(key, b.rdb.Get(ctx, b.valueKey(key)))
}

func (b *Backend) value(key string, cmd *redis.StringCmd) ([]byte, bool, error) {
	value, err := cmd.Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, failedGet(key, err)
	}
	return value, true, nil
}

func failedGet(key string, err error) error { return fmt.Errorf("rediscache: get %q: %w", key, err) }

// bytesOf returns the bytes of s, which nobody else has.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// GetHead returns the value under key and the head of the log in one round
// trip, see [cache.HeadGetter]. On a cluster the node that has the value and
// the node that has the log are asked at the same time.
//
// It makes no other attempt at the head: if the log is not where it was, is
// lost, or from another history, the head is 0, and Since finds out.
func (b *Backend) GetHead(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
	if b.cluster != nil {
		return b.getHeadCluster(ctx, key)
	}
	return b.getHead(ctx, key)
}

func (b *Backend) getHeadCluster(ctx context.Context, key string) ([]byte, bool, cache.Position, error) {
	head := make(chan cache.Position, 1)
	go func() {
		var h cache.Position // 0, as for a head that cannot be told, if this ends early
		defer func() { head <- h }()
		h, _ = b.clusterHead(ctx)
	}()
	value, ok, err := b.Get(ctx, key)
	h := <-head
	if err != nil {
		return nil, false, 0, err
	}
	return value, ok, h, nil
}

func (b *Backend) clusterHead(ctx context.Context) (head cache.Position, err error) {
	defer panics.Catch(&err)
	src, err := b.source(ctx)
	if err != nil {
		return 0, err
	}
	if head, err = b.readHead(ctx, src.client, src.history, 0).result(); err != nil {
		b.reload(ctx) // the slot may have moved, and that node's own client does not look where
	}
	return head, err
}

// Set stores value under key for ttl, see [cache.Cache].
func (b *Backend) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if ttl < 0 {
		return fmt.Errorf("rediscache: set %q for %v: %w", key, ttl, cache.ErrTTL)
	}
	if err := b.rdb.Set(ctx, b.valueKey(key), value, roundUp(ttl)).Err(); err != nil {
		return fmt.Errorf("rediscache: set %q: %w", key, err)
	}
	return nil
}

// roundUp makes whole milliseconds of ttl, which is as fine as Redis counts: a
// ttl that is not 0 must not become 0.
func roundUp(ttl time.Duration) time.Duration {
	if rest := ttl % time.Millisecond; rest > 0 && ttl <= math.MaxInt64-time.Millisecond {
		return ttl + time.Millisecond - rest
	}
	return ttl
}

// Delete deletes keys, see [cache.Cache].
func (b *Backend) Delete(ctx context.Context, keys ...string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("rediscache: delete %d keys: %w", len(keys), err)
	}
	if err := b.unlink(ctx, b.valueKeys(keys)); err != nil {
		return fmt.Errorf("rediscache: delete %d keys: %w", len(keys), err)
	}
	return nil
}

func (b *Backend) valueKeys(keys []string) []string {
	full := make([]string, len(keys))
	for i, key := range keys {
		full[i] = b.valueKey(key)
	}
	return full
}

// maxUnlinked is how many keys one command deletes at most.
const maxUnlinked = 1000

// unlink deletes keys of Redis. UNLINK frees the memory in the background,
// where DEL would hold up the server.
func (b *Backend) unlink(ctx context.Context, keys []string) error {
	for some := range slices.Chunk(keys, maxUnlinked) {
		if b.cluster == nil {
			if err := b.rdb.Unlink(ctx, some...).Err(); err != nil {
				return err
			}
			continue
		}
		pipe := b.rdb.Pipeline() // split over the nodes by the client
		for _, key := range some {
			pipe.Unlink(ctx, key)
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
