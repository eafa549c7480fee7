package cachetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var errBusy = errors.New("busy")

// Each cache breaks one sentence in one way; caught names the rules that must
// fail for it, and no other may.
var brokenCaches = []brokenCache{
	{"keeps the contract", func(*broken) {}, nil},
	{"miss is an error", func(b *broken) {
		b.get = func(ctx context.Context, key string) ([]byte, bool, error) {
			value, ok, err := b.mapCache.Get(ctx, key)
			if !ok && err == nil {
				err = errors.New("not found")
			}
			return value, ok, err
		}
	}, []string{
		"Get/missing", "Get/keys", "Cache/concurrent use", "Cache/closed under use", "Set/negative ttl", "Get/expired", "Set/fractions",
		"Set/ttl is replaced", "Delete/not found later", "Local/two roads", "Local/one value",
	}},
	{"miss is an empty value", func(b *broken) {
		b.get = func(ctx context.Context, key string) ([]byte, bool, error) {
			value, ok, err := b.mapCache.Get(ctx, key)
			return append([]byte{}, value...), ok, err
		}
	}, []string{
		"Get/missing", "Get/keys", "Set/negative ttl", "Delete/not found later", "Local/two roads", "Local/one value",
	}},
	{"empty value is a miss", func(b *broken) {
		b.get = func(ctx context.Context, key string) ([]byte, bool, error) {
			value, _, err := b.mapCache.Get(ctx, key)
			if len(value) == 0 {
				value = nil
			}
			return value, len(value) > 0, err
		}
	}, []string{"Get/empty value"}},
	{"text only", func(b *broken) {
		b.get = func(ctx context.Context, key string) ([]byte, bool, error) {
			value, ok, err := b.mapCache.Get(ctx, key)
			return bytes.TrimSpace(value), ok, err
		}
	}, []string{"Get/bytes"}},
	{"hands out its own slice", func(b *broken) {
		b.get = func(_ context.Context, key string) ([]byte, bool, error) {
			if err := b.err(context.Background()); err != nil {
				return nil, false, err
			}
			it, ok := b.find(key)
			return it.value, ok && !it.isLocal, nil
		}
	}, []string{"Get/value is the caller's"}},
	{"keeps the caller's slice", func(b *broken) {
		b.set = func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
			err := b.mapCache.Set(ctx, key, value, ttl)
			if err == nil {
				b.put(key, item{value: value}, ttl)
			}
			return err
		}
	}, []string{"Set/copies"}},
	{"keys fold case", rekey(strings.ToLower), []string{"Get/keys"}},
	{"keys end at NUL", rekey(func(key string) string {
		key, _, _ = strings.Cut(key, "\x00")
		return key
	}), []string{"Get/keys"}},
	{"keys are cut at 250 bytes", rekey(func(key string) string { return key[:min(len(key), 250)] }), []string{"Get/keys"}},
	{"keys are UTF-8", rekey(func(key string) string { return strings.ToValidUTF8(key, "?") }), []string{"Get/keys"}},
	{"keys are not empty", func(b *broken) {
		b.set = func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
			if key == "" {
				return errors.New("no key")
			}
			return b.mapCache.Set(ctx, key, value, ttl)
		}
	}, []string{"Get/keys"}},
	{"Get waits in spite of ctx", func(b *broken) {
		b.get = func(ctx context.Context, key string) ([]byte, bool, error) {
			if ctx.Err() != nil {
				time.Sleep(time.Minute)
			}
			return b.mapCache.Get(ctx, key)
		}
	}, []string{"Get/done context"}},
	{"a done ctx is a miss", func(b *broken) {
		b.get = func(ctx context.Context, key string) ([]byte, bool, error) {
			value, ok, err := b.mapCache.Get(ctx, key)
			if errors.Is(err, context.Canceled) {
				err = nil
			}
			return value, ok, err
		}
	}, []string{"Get/done context"}},
	{"one caller at a time", func(b *broken) {
		var inside atomic.Int32
		b.set = func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
			defer inside.Add(-1)
			if inside.Add(1) > 1 {
				return errBusy
			}
			time.Sleep(time.Millisecond)
			return b.mapCache.Set(ctx, key, value, ttl)
		}
	}, []string{"Cache/closed under use?", "Cache/concurrent use", "Set/found later"}},
	{"mixes callers up", func(b *broken) {
		var last atomic.Pointer[string]
		b.get = func(ctx context.Context, key string) ([]byte, bool, error) {
			last.Store(&key)
			time.Sleep(time.Millisecond)
			return b.mapCache.Get(ctx, *last.Load())
		}
	}, []string{"Cache/concurrent use", "Set/found later"}},
	{"keeps the first value", func(b *broken) {
		b.set = func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
			if it, ok := b.find(key); ok && !it.isLocal && ttl >= 0 {
				return b.err(ctx)
			}
			return b.mapCache.Set(ctx, key, value, ttl)
		}
	}, []string{"Get/bytes", "Set/overwrites", "Set/found later", "Set/ttl is replaced"}},
	{"stores in a moment", func(b *broken) {
		b.set = func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
			if _, ok := b.find(key); ok && ttl > 0 {
				value = bytes.Clone(value)
				time.AfterFunc(time.Millisecond, func() { _ = b.mapCache.Set(ctx, key, value, ttl) })
				return b.err(ctx)
			}
			return b.mapCache.Set(ctx, key, value, ttl)
		}
	}, []string{"Get/bytes", "Set/overwrites", "Set/found later", "Local/one value"}},
	{"Set in spite of ctx", func(b *broken) {
		b.set = func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
			return b.mapCache.Set(context.WithoutCancel(ctx), key, value, ttl)
		}
	}, []string{"Set/done context"}},
	{"Delete in spite of ctx", func(b *broken) {
		b.del = func(ctx context.Context, keys ...string) error {
			return b.mapCache.Delete(context.WithoutCancel(ctx), keys...)
		}
	}, []string{"Delete/done context"}},
	{"ttl 0 is gone at once", rettl(func(ttl time.Duration) time.Duration { return max(ttl, 1) }), []string{"Set/ttl 0"}},
	{"ttl 0 is a day", rettl(func(ttl time.Duration) time.Duration {
		if ttl == 0 {
			return 24 * time.Hour
		}
		return ttl
	}), []string{"Set/ttl 0"}},
	{"ttl -1 is for ever", func(b *broken) {
		b.set = func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
			if ttl == -1 {
				ttl = 0
			}
			return b.mapCache.Set(ctx, key, value, ttl)
		}
	}, []string{"Set/negative ttl"}},
	{"negative ttl deletes", func(b *broken) {
		b.set = func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
			if ttl < 0 {
				_ = b.mapCache.Delete(ctx, key)
			}
			return b.mapCache.Set(ctx, key, value, ttl)
		}
	}, []string{"Set/negative ttl"}},
	{"negative ttl is an error of its own", func(b *broken) {
		b.set = func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
			if ttl < 0 {
				return errors.New("ttl must not be negative")
			}
			return b.mapCache.Set(ctx, key, value, ttl)
		}
	}, []string{"Set/negative ttl"}},
	{"ttl is cut to milliseconds", rettl(func(ttl time.Duration) time.Duration {
		return ttl.Truncate(time.Millisecond)
	}), []string{"Set/fractions"}},
	{"no ttl", rettl(func(time.Duration) time.Duration { return 0 }), []string{
		"Get/expired", "Set/fractions", "Set/ttl is replaced",
	}},
	{"the end of time wraps around", rettl(func(ttl time.Duration) time.Duration {
		if time.Now().UnixNano()+int64(ttl) < 0 {
			return 1
		}
		return ttl
	}), []string{"Set/long ttl"}},
	{"keeps the first ttl", func(b *broken) {
		b.set = func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
			old, ok := b.find(key)
			err := b.mapCache.Set(ctx, key, value, ttl)
			if ok && err == nil {
				old.value, old.isLocal = bytes.Clone(value), false
				b.put(key, old, 0)
			}
			return err
		}
	}, []string{"Set/ttl is replaced"}},
	{"deleting what is missing is an error", func(b *broken) {
		b.del = func(ctx context.Context, keys ...string) error {
			for _, key := range keys {
				if _, ok := b.find(key); !ok && key == "missing too" {
					return errors.New("not found")
				}
			}
			return b.mapCache.Delete(ctx, keys...)
		}
	}, []string{"Delete/missing"}},
	{"deleting no key deletes all", func(b *broken) {
		b.del = func(ctx context.Context, keys ...string) error {
			if len(keys) == 0 {
				b.mu.Lock()
				clear(b.items)
				b.mu.Unlock()
			}
			return b.mapCache.Delete(ctx, keys...)
		}
	}, []string{"Delete/missing"}},
	{"deletes a hundred at most", func(b *broken) {
		b.del = func(ctx context.Context, keys ...string) error {
			return b.mapCache.Delete(ctx, keys[:min(len(keys), 100)]...)
		}
	}, []string{"Delete/not found later"}},
	{"a deleted key stays so", func(b *broken) {
		var gone atomic.Pointer[[]string]
		gone.Store(&[]string{})
		b.del = func(ctx context.Context, keys ...string) error {
			all := append(slices.Clone(*gone.Load()), keys...)
			gone.Store(&all)
			return b.mapCache.Delete(ctx, keys...)
		}
		b.set = func(ctx context.Context, key string, value []byte, ttl time.Duration) error {
			if slices.Contains(*gone.Load(), key) {
				return nil
			}
			return b.mapCache.Set(ctx, key, value, ttl)
		}
	}, []string{"Delete/not found later"}},
	{"open when closed", func(b *broken) {
		b.close = func() error { return nil }
	}, []string{"Cache/closed", "Cache/closed under use"}},
	{"closed without a name", func(b *broken) {
		var closed atomic.Bool
		b.close = func() error {
			closed.Store(true)
			return b.mapCache.Close()
		}
		b.get = func(ctx context.Context, key string) ([]byte, bool, error) {
			if closed.Load() {
				return nil, false, errors.New("closed")
			}
			return b.mapCache.Get(ctx, key)
		}
	}, []string{"Cache/closed", "Cache/closed under use?"}},
	{"has an error of its own while it closes", func(b *broken) {
		var closing atomic.Bool
		b.close = func() error {
			closing.Store(true)
			defer closing.Store(false)
			time.Sleep(time.Second) // until the users have met it
			return b.mapCache.Close()
		}
		b.del = func(ctx context.Context, keys ...string) error {
			if closing.Load() {
				return errors.New("closing")
			}
			return b.mapCache.Delete(ctx, keys...)
		}
	}, []string{"Cache/closed under use"}},
}

func TestBrokenCachesAreCaught(t *testing.T) {
	for _, tt := range slices.Concat(brokenCaches, brokenLocals, brokenLeasers) {
		t.Run(tt.name, func(t *testing.T) {
			wantCaught(t, cacheRules(), tt.caught, func() cacheSubject {
				b := &broken{mapCache: &mapCache{}}
				tt.breaks(b)
				return newCacheSubject(b, time.Sleep)
			})
		})
	}
}
