package cachetest

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
)

// broken is a mapCache with methods of its own: nil ones are the mapCache's.
type broken struct {
	*mapCache
	get      func(ctx context.Context, key string) ([]byte, bool, error)
	set      func(ctx context.Context, key string, value []byte, ttl time.Duration) error
	del      func(ctx context.Context, keys ...string) error
	getLocal func(key []byte) (any, bool)
	setLocal func(key string, value any, size int, ttl time.Duration)
	lease    func(ctx context.Context, key, holder string, ttl time.Duration) (string, error)
	release  func(ctx context.Context, key, holder string) error
	close    func() error
}

func (b *broken) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if b.get != nil {
		return b.get(ctx, key)
	}
	return b.mapCache.Get(ctx, key)
}

func (b *broken) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if b.set != nil {
		return b.set(ctx, key, value, ttl)
	}
	return b.mapCache.Set(ctx, key, value, ttl)
}

func (b *broken) Delete(ctx context.Context, keys ...string) error {
	if b.del != nil {
		return b.del(ctx, keys...)
	}
	return b.mapCache.Delete(ctx, keys...)
}

func (b *broken) GetLocal(key []byte) (any, bool) {
	if b.getLocal != nil {
		return b.getLocal(key)
	}
	return b.mapCache.GetLocal(key)
}

func (b *broken) SetLocal(key string, value any, size int, ttl time.Duration) {
	if b.setLocal != nil {
		b.setLocal(key, value, size, ttl)
		return
	}
	b.mapCache.SetLocal(key, value, size, ttl)
}

func (b *broken) Lease(ctx context.Context, key, holder string, ttl time.Duration) (string, error) {
	if b.lease != nil {
		return b.lease(ctx, key, holder, ttl)
	}
	return b.mapCache.Lease(ctx, key, holder, ttl)
}

func (b *broken) Release(ctx context.Context, key, holder string) error {
	if b.release != nil {
		return b.release(ctx, key, holder)
	}
	return b.mapCache.Release(ctx, key, holder)
}

func (b *broken) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.mapCache.Close()
}

// rekey makes a cache that stores under to(key).
func rekey(to func(string) string) func(*broken) {
	return func(b *broken) {
		c := b.mapCache
		b.get = func(ctx context.Context, key string) ([]byte, bool, error) { return c.Get(ctx, to(key)) }
		b.set = func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
			return c.Set(ctx, to(key), value, ttl)
		}
		b.del = func(ctx context.Context, keys ...string) error {
			for _, key := range keys {
				if err := c.Delete(ctx, to(key)); err != nil {
					return err
				}
			}
			return nil
		}
	}
}

// rettl makes a cache that stores for to(ttl).
func rettl(to func(time.Duration) time.Duration) func(*broken) {
	return func(b *broken) {
		b.set = func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
			if ttl >= 0 {
				ttl = to(ttl)
			}
			return b.mapCache.Set(ctx, key, value, ttl)
		}
	}
}

type brokenCache struct {
	name   string
	breaks func(*broken)
	caught []string
}

// wantCaught checks every rule in a bubble of its own, and wants those of
// caught to fail and all others to hold.
func wantCaught[S any](t *testing.T, rules []rule[S], caught []string, open func() S) {
	t.Helper()
	failed := map[string]error{}
	for _, r := range rules {
		synctest.Test(t, func(t *testing.T) {
			if err := r.check(t.Context(), open()); err != nil {
				failed[r.name] = err
			}
			time.Sleep(time.Hour) // calls that a rule gave up on come to their end
		})
	}
	for _, name := range caught {
		name, byChance := strings.CutSuffix(name, "?") // the rule is raced
		if failed[name] == nil && !byChance {
			t.Errorf("%s: got no error, want one", name)
		}
		delete(failed, name)
	}
	for name, err := range failed {
		t.Errorf("%s: got error %v, want none", name, err)
	}
}

var (
	_ cache.Local  = (*broken)(nil)
	_ cache.Leaser = (*broken)(nil)
)
