package cachetest

import (
	"context"
	"time"
)

// brokenLeasers are brokenCaches whose leases are broken.
var brokenLeasers = []brokenCache{
	{"everybody has the lease", func(b *broken) {
		b.lease = func(_ context.Context, _, holder string, _ time.Duration) (string, error) { return holder, nil }
	}, []string{"Leaser/one holder", "Leaser/again", "Leaser/values", "Leaser/release of another's", "Leaser/context"}},
	{"one lease for all keys", func(b *broken) {
		b.lease = func(ctx context.Context, _, holder string, ttl time.Duration) (string, error) {
			return b.mapCache.Lease(ctx, "", holder, ttl)
		}
		b.release = func(ctx context.Context, _, holder string) error { return b.mapCache.Release(ctx, "", holder) }
	}, []string{"Leaser/one holder"}},
	{"asking again begins the ttl again", func(b *broken) {
		b.lease = func(ctx context.Context, key, holder string, ttl time.Duration) (string, error) {
			_ = b.mapCache.Release(ctx, key, holder)
			return b.mapCache.Lease(ctx, key, holder, ttl)
		}
	}, []string{"Leaser/again"}},
	{"leases do not end", func(b *broken) {
		b.lease = func(ctx context.Context, key, holder string, _ time.Duration) (string, error) {
			return b.mapCache.Lease(ctx, key, holder, 0)
		}
	}, []string{"Leaser/ttl"}},
	{"a lease is a value", func(b *broken) {
		b.lease = func(ctx context.Context, key, holder string, ttl time.Duration) (string, error) {
			has, err := b.mapCache.Lease(ctx, key, holder, ttl)
			if err == nil && has == holder {
				err = b.mapCache.Set(ctx, key, []byte(holder), ttl)
			}
			return has, err
		}
	}, []string{"Leaser/values"}},
	{"leases are not released", func(b *broken) {
		b.release = func(context.Context, string, string) error { return nil }
	}, []string{"Leaser/release"}},
	{"anybody may release", func(b *broken) {
		b.release = func(ctx context.Context, key, _ string) error { return b.mapCache.Delete(ctx, leasePrefix+key) }
	}, []string{"Leaser/release of another's"}},
	{"who is not the holder must not release", func(b *broken) {
		b.release = func(ctx context.Context, key, holder string) error {
			if it, ok := b.find(leasePrefix + key); !ok || string(it.value) != holder {
				return context.Canceled
			}
			return b.mapCache.Release(ctx, key, holder)
		}
	}, []string{"Leaser/release of another's"}},
	{"leases ignore the context", func(b *broken) {
		b.lease = func(_ context.Context, key, holder string, ttl time.Duration) (string, error) {
			return b.mapCache.Lease(context.Background(), key, holder, ttl)
		}
	}, []string{"Leaser/context"}},
}
