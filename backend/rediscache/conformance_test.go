package rediscache_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/cachetest"
	"github.com/uncache/uncache/internal/redistest"
)

func TestConformance(t *testing.T) {
	t.Run("miniredis", func(t *testing.T) {
		srv := newMini(t)
		conformWaiting(t, func(t *testing.T) redis.UniversalClient { return newClient(t, srv.Options()) },
			func(d time.Duration) { srv.FastForward(d) })
	})
	t.Run("server", func(t *testing.T) {
		srv := redistest.New(t, redistest.Config{})
		conform(t, func(t *testing.T) redis.UniversalClient { return newClient(t, srv.Options()) })
	})
	t.Run("cluster", func(t *testing.T) {
		c := redistest.NewCluster(t, redistest.ClusterConfig{})
		conform(t, func(t *testing.T) redis.UniversalClient {
			rdb := redis.NewClusterClient(c.Options())
			t.Cleanup(func() { rdb.Close() })
			return rdb
		})
	})
	t.Run("INFO hidden", func(t *testing.T) {
		srv := redistest.New(t, redistest.Config{Args: []string{"--rename-command", "INFO", ""}})
		conform(t, func(t *testing.T) redis.UniversalClient { return newClient(t, srv.Options()) })
	})
}

// conform runs the kit on a server that has a clock.
func conform(t *testing.T, client func(t *testing.T) redis.UniversalClient) {
	conformWaiting(t, client, nil)
}

// conformWaiting runs the kit. Every subject has a prefix of its own, so it is
// empty. Wait makes time pass on a server without a clock, as miniredis is; nil
// waits.
func conformWaiting(t *testing.T, client func(t *testing.T) redis.UniversalClient, wait func(time.Duration)) {
	type subject struct {
		*rediscache.Backend
		rdb    redis.UniversalClient
		prefix string
	}
	var n atomic.Int64
	open := func(t *testing.T) subject {
		rdb := client(t)
		prefix := fmt.Sprintf("test%d:", n.Add(1))
		return subject{newBackend(t, rdb, &rediscache.Options{Prefix: prefix}), rdb, prefix}
	}
	t.Run("Cache", func(t *testing.T) {
		cachetest.RunCache(t, cachetest.CacheHarness{Open: func(t *testing.T) cache.Cache { return open(t) }, Wait: wait})
	})
	t.Run("Log", func(t *testing.T) {
		cachetest.RunLog(t, cachetest.LogHarness{
			Open: func(t *testing.T) cache.Log { return open(t) },
			Second: func(t *testing.T, l cache.Log) cache.Log {
				return newBackend(t, client(t), &rediscache.Options{Prefix: l.(subject).prefix})
			},
			Trim: func(ctx context.Context, l cache.Log) error {
				s := l.(subject)
				return s.rdb.XTrimMaxLen(ctx, s.prefix+"{log}:events", 4).Err()
			},
			LoseHead: func(ctx context.Context, l cache.Log) error {
				s := l.(subject)
				return s.rdb.Del(ctx, s.prefix+"{log}:head").Err()
			},
			LoseEvents: func(ctx context.Context, l cache.Log) error {
				s := l.(subject)
				return s.rdb.Del(ctx, s.prefix+"{log}:events").Err()
			},
		})
	})
}
