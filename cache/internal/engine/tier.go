package engine

import (
	"context"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/panics"
)

// This file has every call of a store, a log, a codec or Observe. A panic in one
// of them is an error of it: in a goroutine of ours it would end the process, and
// in a visitor's it would break a page that needs no cache. Only page and
// appendOne are elsewhere, which recover too.

func (t *tier) Get(ctx context.Context, key string) (value []byte, ok bool, err error) {
	defer panics.Catch(&err)
	return t.Cache.Get(ctx, key)
}

func (t *tier) getHead(ctx context.Context, key string) (value []byte, ok bool, head cache.Position, err error) {
	defer panics.Catch(&err)
	return t.head.GetHead(ctx, key)
}

func (t *tier) Set(ctx context.Context, key string, value []byte, ttl time.Duration) (err error) {
	defer panics.Catch(&err)
	return t.Cache.Set(ctx, key, value, ttl)
}

func (t *tier) Delete(ctx context.Context, keys ...string) (err error) {
	defer panics.Catch(&err)
	return t.Cache.Delete(ctx, keys...)
}

// getLocal asks a tier that keeps Go values. One that panics has nothing.
func (c *Cache) getLocal(t *tier, key []byte) (value any, ok bool) {
	defer c.catchGet(key)
	return t.local.GetLocal(key)
}

func (c *Cache) catchGet(key []byte) {
	if p := recover(); p != nil {
		c.observe(OpGet, string(key), panics.Recovered(p))
	}
}

func (t *tier) setLocal(key string, value any, size func() int, ttl time.Duration) (err error) {
	defer panics.Catch(&err)
	t.local.SetLocal(key, value, size(), ttl)
	return nil
}

func (c *Cache) askLease(ctx context.Context, key, holder string) (has string, err error) {
	defer panics.Catch(&err)
	return c.lease.Lease(ctx, key, holder, c.opts.Lease)
}

func (c *Cache) endLease(ctx context.Context, key, holder string) (err error) {
	defer panics.Catch(&err)
	return c.lease.Release(ctx, key, holder)
}

func (v *Values[V]) encode(value V) (b []byte, err error) {
	defer panics.Catch(&err)
	return v.codec.Encode(value)
}

func (v *Values[V]) decode(b []byte) (value V, err error) {
	defer panics.Catch(&err)
	return v.codec.Decode(b)
}

// tell calls Observe. If that panics, it is told so, once: it may be one kind of
// observation that it does not expect.
func (c *Cache) tell(o Observation) {
	if c.opts.Observe == nil {
		return
	}
	call := func(o Observation) (err error) {
		defer panics.Catch(&err)
		c.opts.Observe(o)
		return nil
	}
	if err := call(o); err != nil {
		_ = call(Observation{Op: OpObserve, Key: o.Key, Err: err})
	}
}
