package rediscache_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
)

func TestNewRefuses(t *testing.T) {
	good := func() redis.UniversalClient {
		return redis.NewClient(&redis.Options{ContextTimeoutEnabled: true})
	}
	cluster := func(change func(*redis.ClusterOptions)) redis.UniversalClient {
		opts := &redis.ClusterOptions{ContextTimeoutEnabled: true, Addrs: []string{"127.0.0.1:1"}}
		change(opts)
		return redis.NewClusterClient(opts)
	}
	for _, tt := range []struct {
		name string
		rdb  redis.UniversalClient
		opts *rediscache.Options
		want string // in the error
	}{
		{"nil", nil, nil, "New: the client is nil"},
		{"nil *redis.Client", (*redis.Client)(nil), nil, "New: the client is nil"},
		{"nil *redis.ClusterClient", (*redis.ClusterClient)(nil), nil, "New: the client is nil"},
		{"ring", redis.NewRing(&redis.RingOptions{}), nil, "Ring"},
		{"unknown type", struct{ redis.UniversalClient }{good()}, nil, "struct"},
		{"ignores contexts", redis.NewClient(&redis.Options{}), nil, "ContextTimeoutEnabled"},
		{"caching client", redis.NewClient(&redis.Options{
			ContextTimeoutEnabled: true, ClientSideCacheConfig: &redis.ClientSideCacheConfig{},
		}), nil, "ClientSideCache"},
		{"cluster that ignores contexts", cluster(func(o *redis.ClusterOptions) { o.ContextTimeoutEnabled = false }), nil, "ContextTimeoutEnabled"},
		{"cluster reading replicas", cluster(func(o *redis.ClusterOptions) { o.ReadOnly = true }), nil, "ReadOnly"},
		{"cluster by latency", cluster(func(o *redis.ClusterOptions) { o.RouteByLatency = true }), nil, "RouteByLatency"},
		{"cluster at random", cluster(func(o *redis.ClusterOptions) { o.RouteRandomly = true }), nil, "RouteRandomly"},
		{"log keys in two slots", good(), &rediscache.Options{Prefix: "a{}b"}, `Options.Prefix: "a{}b" begins`},
		{"negative MaxEvents", good(), &rediscache.Options{MaxEvents: -1}, "Options.MaxEvents: -1 is negative"},
		{"negative MaxBytes", good(), &rediscache.Options{MaxBytes: -1}, "Options.MaxBytes: -1 is negative"},
		{"negative Replicas", good(), &rediscache.Options{Replicas: -1}, "Options.Replicas: -1 is negative"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := rediscache.New(tt.rdb, tt.opts)
			if !errors.Is(err, rediscache.ErrOptions) || !strings.HasPrefix(err.Error(), "rediscache: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New: got %v, want ErrOptions that begins with rediscache: and names %s", err, tt.want)
			}
		})
	}
}

// Nothing listens at any of these addresses.
func TestNewMakesNoConnection(t *testing.T) {
	for name, rdb := range map[string]redis.UniversalClient{
		"client":   redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", ContextTimeoutEnabled: true}),
		"cluster":  redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}, ContextTimeoutEnabled: true}),
		"sentinel": redis.NewFailoverClient(&redis.FailoverOptions{SentinelAddrs: []string{"127.0.0.1:1"}, ContextTimeoutEnabled: true}),
	} {
		newBackend(t, rdb, nil)
		if stats := rdb.PoolStats(); stats.Misses != 0 || stats.TotalConns != 0 {
			t.Errorf("%s: New used the pool: %+v", name, stats)
		}
		rdb.Close()
	}
}
