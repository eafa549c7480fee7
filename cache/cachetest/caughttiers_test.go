package cachetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
)

// twoTiers are two mapCaches, near and far.
type twoTiers struct {
	*mapCache
	far   *mapCache
	tiers func(near, far cache.Cache) []cache.Cache
}

func (c twoTiers) Tiers() []cache.Cache { return c.tiers(c.mapCache, c.far) }

func (c twoTiers) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if value, ok, err := c.mapCache.Get(ctx, key); ok || err != nil {
		return value, ok, err
	}
	return c.far.Get(ctx, key)
}

func (c twoTiers) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	_ = c.far.Set(ctx, key, value, ttl)
	return c.mapCache.Set(ctx, key, value, ttl)
}

func (c twoTiers) Delete(ctx context.Context, keys ...string) error {
	_ = c.far.Delete(ctx, keys...)
	return c.mapCache.Delete(ctx, keys...)
}

func TestBrokenTiersAreCaught(t *testing.T) {
	all := []string{"Tiered/nearest first", "Tiered/whole"}
	for _, tt := range []struct {
		name   string
		tiers  func(near, far cache.Cache) []cache.Cache
		caught []string
	}{
		{"right", func(near, far cache.Cache) []cache.Cache { return []cache.Cache{near, far} }, nil},
		{"farthest first", func(near, far cache.Cache) []cache.Cache { return []cache.Cache{far, near} }, all[:1]},
		{"none", func(_, _ cache.Cache) []cache.Cache { return nil }, all},
		{"nil", func(near, _ cache.Cache) []cache.Cache { return []cache.Cache{near, nil} }, all},
		{"another's", func(_, _ cache.Cache) []cache.Cache { return []cache.Cache{&mapCache{}} }, all},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var rules []cacheRule
			for _, r := range cacheRules() {
				if slices.Contains(all, r.name) {
					rules = append(rules, r)
				}
			}
			if len(rules) != len(all) {
				t.Fatalf("%d rules, want %d", len(rules), len(all))
			}
			wantCaught(t, rules, tt.caught, func() cacheSubject {
				return newCacheSubject(twoTiers{&mapCache{}, &mapCache{}, tt.tiers}, time.Sleep)
			})
		})
	}
}
