package cachetest

import (
	"context"
	"time"

	"github.com/uncache/uncache/cache"
)

// The wrappers that an Injector makes. Each asks it before the call and after.

type faultyCache struct {
	in    *Injector
	inner cache.Cache
}

func (c faultyCache) Get(ctx context.Context, key string) ([]byte, bool, error) {
	f, err := c.in.before(ctx, OpGet)
	if err == nil && f.Forget {
		err = c.inner.Delete(ctx, key)
	}
	if err != nil {
		return nil, false, err
	}
	value, ok, err := c.inner.Get(ctx, key)
	if err = f.after(err); err != nil {
		return nil, false, err
	}
	return f.garbled(value), ok, nil
}

func (c faultyCache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	f, err := c.in.before(ctx, OpSet)
	if err != nil {
		return err
	}
	if f.Forget {
		return f.after(c.inner.Delete(ctx, key))
	}
	return f.after(c.inner.Set(ctx, key, value, ttl))
}

func (c faultyCache) Delete(ctx context.Context, keys ...string) error {
	f, err := c.in.before(ctx, OpDelete)
	if err != nil {
		return err
	}
	return f.after(c.inner.Delete(ctx, keys...))
}

type faultyLog struct {
	in    *Injector
	inner cache.Log
}

func (l faultyLog) Append(ctx context.Context, e cache.Event) (cache.Position, error) {
	f, err := l.in.before(ctx, OpAppend)
	if err != nil {
		return 0, err
	}
	p, err := l.inner.Append(ctx, e)
	if err = f.after(err); err != nil {
		return 0, err
	}
	return p, nil
}

func (l faultyLog) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	f, err := l.in.before(ctx, OpSince)
	if err != nil {
		return cache.Events{}, err
	}
	ev, err := l.inner.Since(ctx, after)
	if err = f.after(err); err != nil {
		return cache.Events{}, err
	}
	if f.Forget {
		ev.From, ev.List, ev.More = ev.Head, nil, false
	}
	return ev, nil
}

type faultyPurger struct {
	in    *Injector
	inner Purger
}

func (p faultyPurger) Purge(ctx context.Context, e cache.Event) error {
	f, err := p.in.before(ctx, OpPurge)
	if err != nil {
		return err
	}
	return f.after(p.inner.Purge(ctx, e))
}
