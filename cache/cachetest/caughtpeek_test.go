package cachetest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// brokenPeekers are brokenCaches whose PeekLocal or Reach is broken.
var brokenPeekers = []brokenCache{
	{"peeks at bytes", func(b *broken) {
		b.peekLocal = func(key []byte) (any, bool) {
			it, ok := b.any(string(key))
			if ok && !it.isLocal {
				return string(it.value), true
			}
			return it.local, ok
		}
	}, []string{"LocalPeeker/as GetLocal", "LocalPeeker/expired"}},
	{"peeks at what was deleted", func(b *broken) {
		last := map[string]any{}
		b.setLocal = func(key string, value any, size int, ttl time.Duration) {
			last[key] = value
			b.mapCache.SetLocal(key, value, size, ttl)
		}
		b.peekLocal = func(key []byte) (any, bool) { v, ok := last[string(key)]; return v, ok }
	}, []string{"LocalPeeker/as GetLocal", "LocalPeeker/expired"}},
	{"what has expired hides its successor", func(b *broken) {
		expired := map[string]any{}
		b.peekLocal = func(key []byte) (any, bool) {
			if v, ok := expired[string(key)]; ok {
				return v, true
			}
			v, ok := b.mapCache.PeekLocal(key)
			if _, fresh := b.mapCache.GetLocal(key); ok && !fresh {
				expired[string(key)] = v
			}
			return v, ok
		}
	}, []string{"LocalPeeker/expired"}},
	{"peeks at nothing", func(b *broken) {
		b.peekLocal = func([]byte) (any, bool) { return nil, false }
	}, []string{"LocalPeeker/as GetLocal", "LocalPeeker/expired", "LocalPeeker/key"}},
	{"keeps the key it peeked at", func(b *broken) {
		var lastKey []byte
		var last any
		b.peekLocal = func(key []byte) (any, bool) {
			if last != nil && string(key) == string(lastKey) && len(key) == 3 {
				return last, true
			}
			v, ok := b.mapCache.PeekLocal(key)
			lastKey, last = key, v
			return v, ok
		}
	}, []string{"LocalPeeker/key"}},
	{"is not reached", func(b *broken) {
		b.reach = func(context.Context) error { return errors.New("no") }
	}, []string{"Reacher/answer"}},
	{"connections that were used are not reached", func(b *broken) {
		var used atomic.Bool
		b.set = func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
			err := b.mapCache.Set(ctx, key, value, ttl)
			used.Store(err == nil)
			return err
		}
		b.reach = func(context.Context) error {
			if used.Load() {
				return errors.New("busy")
			}
			return nil
		}
	}, []string{"Reacher/answer"}},
}
