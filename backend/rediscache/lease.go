package rediscache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache"
)

// leaseKey is where the lease on key stands: among the keys of the log, which no
// value's key can be.
func (b *Backend) leaseKey(key string) string { return b.opts.Prefix + logTag + "lease:" + key }

var _ cache.Leaser = (*Backend)(nil)

// releaseScript deletes the lease if its holder asks for it: between a GET and a
// DEL it could pass to another.
const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('UNLINK', KEYS[1]) end return 0`

// Lease gives holder the lease on key, see [cache.Leaser]. It makes one round
// trip: SET NX, and GET for its holder. go-redis sends SET twice when a reply was
// lost; the GET tells that holder, too, that it has the lease.
func (b *Backend) Lease(ctx context.Context, key, holder string, ttl time.Duration) (string, error) {
	if ttl <= 0 {
		return "", fmt.Errorf("rediscache: lease %q for %v: %w", key, ttl, cache.ErrTTL)
	}
	pipe := b.rdb.Pipeline()
	pipe.SetNX(ctx, b.leaseKey(key), holder, roundUp(ttl))
	get := pipe.Get(ctx, b.leaseKey(key))
	_, _ = pipe.Exec(ctx) // a refused SET shows by the GET
	has, err := get.Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", fmt.Errorf("rediscache: lease %q: %w", key, err)
	}
	return has, nil
}

// Release ends holder's lease on key, see [cache.Leaser].
func (b *Backend) Release(ctx context.Context, key, holder string) error {
	if err := b.rdb.Eval(ctx, releaseScript, []string{b.leaseKey(key)}, holder).Err(); err != nil {
		return fmt.Errorf("rediscache: release %q: %w", key, err)
	}
	return nil
}
