package integration_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/backend/tiered"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/check/integration/torture"
	"github.com/uncache/uncache/internal/redistest"
)

// nodes is how many nodes share a Redis.
const nodes = 3

// connect makes a client of the Redis that a scenario is about.
type connect func() redis.UniversalClient

var scenarios = []struct {
	name string
	open func(t *testing.T) race
}{
	{"memory", func(t *testing.T) race {
		return race{backends: []cache.Backend{inMemory(t, nil)}}
	}},
	{"memory, over TCP", func(t *testing.T) race {
		return race{backends: []cache.Backend{inMemory(t, nil)}, loopback: true}
	}},
	// Values, events, and what a view knows of them are forgotten all the time.
	{"memory, tiny", func(t *testing.T) race {
		b := inMemory(t, &memory.Options{MaxEntries: 64, Log: &memory.LogOptions{MaxEvents: 2}})
		return race{backends: []cache.Backend{b}, node: torture.NodeOptions{MaxDependencies: 100}}
	}},
	{"any store, and a log", plain},
	{"any store, and a log whose answers arrive late", over(0, func(l cache.Log) cache.Log { return slowLog{l} })},
	{"a log in PostgreSQL", func(t *testing.T) race {
		backends, _ := inPostgres(t)
		return race{backends: backends}
	}},
	{"a log in PostgreSQL, MaxStale", func(t *testing.T) race {
		backends, _ := inPostgres(t)
		return race{backends: backends, node: torture.NodeOptions{MaxStale: 200 * time.Millisecond}}
	}},
	{"a log in PostgreSQL, harmed", func(t *testing.T) race {
		backends, harm := inPostgres(t)
		return race{backends: backends, faults: []torture.Fault{
			harm("DELETE FROM {schema}.events WHERE pos < (SELECT max(pos) - 3 FROM {schema}.events)", 50*time.Millisecond),
			harm("TRUNCATE {schema}.events", 200*time.Millisecond),
			harm("DELETE FROM {schema}.state", 300*time.Millisecond),
		}}
	}},
	{"miniredis", func(t *testing.T) race {
		return race{backends: share(t, mini(t), nil)}
	}},
	{"miniredis, keys lost", func(t *testing.T) race {
		c := mini(t)
		return race{backends: share(t, c, nil), faults: loseKeys(t, c, time.Millisecond)}
	}},
	{"miniredis, flushed", func(t *testing.T) race {
		c := mini(t)
		return race{backends: share(t, c, nil), faults: []torture.Fault{torture.FlushAll(use(t, c), flushEvery)}}
	}},
	{"redis", func(t *testing.T) race {
		c, _ := server(t)
		return race{backends: share(t, c, nil)}
	}},
	{"redis, over TCP", func(t *testing.T) race {
		c, _ := server(t)
		return race{backends: share(t, c, nil), loopback: true}
	}},
	{"redis, short log", func(t *testing.T) race {
		c, _ := server(t)
		return race{
			backends: share(t, c, &rediscache.Options{MaxEvents: 1}),
			node:     torture.NodeOptions{MaxDependencies: 100},
		}
	}},
	{"redis, keys lost", func(t *testing.T) race {
		c, _ := server(t)
		return race{backends: share(t, c, nil), faults: loseKeys(t, c, time.Millisecond)}
	}},
	{"redis, flushed", func(t *testing.T) race {
		c, _ := server(t)
		return race{backends: share(t, c, nil), faults: []torture.Fault{torture.FlushAll(use(t, c), flushEvery)}}
	}},
	{"redis, full", func(t *testing.T) race {
		c, _ := server(t, full...)
		rdb := use(t, c)
		return race{
			backends: share(t, c, nil),
			faults:   []torture.Fault{torture.Crowd(rdb, 5*time.Millisecond)},
			after:    crowded(t, rdb),
		}
	}},
	{"redis, restarted empty", func(t *testing.T) race {
		c, s := server(t)
		return race{
			backends: share(t, c, nil),
			node:     torture.NodeOptions{Timeout: redisTimeout},
			faults:   []torture.Fault{torture.RestartEmpty(restartEvery, s)},
		}
	}},
	{"redis, restarted with older data", func(t *testing.T) race {
		c, s := server(t)
		return race{
			backends: share(t, c, nil),
			node:     torture.NodeOptions{Timeout: redisTimeout},
			faults:   []torture.Fault{torture.RestartOlder(s, restartEvery, 100*time.Millisecond)},
		}
	}},
	{"redis, paused", func(t *testing.T) race {
		c, s := server(t)
		return race{
			backends: share(t, c, nil),
			node:     torture.NodeOptions{Timeout: 50 * time.Millisecond},
			faults:   []torture.Fault{torture.Pause(s, restartEvery, 100*time.Millisecond)},
		}
	}},
	{"memory, warmed", func(t *testing.T) race {
		return race{backends: []cache.Backend{inMemory(t, nil)}, node: torture.NodeOptions{Warm: 2}}
	}},
	{"redis, warmed, leases, keys lost", func(t *testing.T) race {
		c, _ := server(t)
		return race{
			backends: share(t, c, nil),
			node:     torture.NodeOptions{Warm: 2, Lease: time.Second},
			faults:   loseKeys(t, c, time.Millisecond),
		}
	}},
	{"redis, leases", func(t *testing.T) race {
		c, _ := server(t)
		return race{backends: share(t, c, nil), node: torture.NodeOptions{Lease: time.Second}}
	}},
	{"redis, leases shorter than fills, keys lost", func(t *testing.T) race {
		c, _ := server(t)
		return race{
			backends: share(t, c, nil),
			node:     torture.NodeOptions{Lease: dawdle / 4},
			faults:   loseKeys(t, c, time.Millisecond),
		}
	}},
	{"redis, leases, restarted empty", func(t *testing.T) race {
		c, s := server(t)
		return race{
			backends: share(t, c, nil),
			node:     torture.NodeOptions{Timeout: redisTimeout, Lease: time.Second},
			faults:   []torture.Fault{torture.RestartEmpty(restartEvery, s)},
		}
	}},
	{"near tier, leases, at most 50 ms stale, flushed", func(t *testing.T) race {
		c, _ := server(t)
		return race{
			backends: near(t, share(t, c, nil)),
			node:     torture.NodeOptions{MaxStale: 50 * time.Millisecond, Lease: time.Second},
			faults:   []torture.Fault{torture.FlushAll(use(t, c), flushEvery)},
		}
	}},
	{"cluster, leases, keys lost", func(t *testing.T) race {
		c := onCluster(t)
		return race{
			backends: share(t, c, nil),
			node:     torture.NodeOptions{Lease: time.Second},
			faults:   loseKeys(t, c, 5*time.Millisecond),
		}
	}},
	{"near tier", func(t *testing.T) race {
		c, _ := server(t)
		return race{backends: near(t, share(t, c, nil))}
	}},
	{"near tier, flushed", func(t *testing.T) race {
		c, _ := server(t)
		return race{
			backends: near(t, share(t, c, nil)),
			faults:   []torture.Fault{torture.FlushAll(use(t, c), flushEvery)},
		}
	}},
	{"near tier, full", func(t *testing.T) race {
		c, _ := server(t, full...)
		rdb := use(t, c)
		return race{
			backends: near(t, share(t, c, nil)),
			faults:   []torture.Fault{torture.Crowd(rdb, 5*time.Millisecond)},
			after:    crowded(t, rdb),
		}
	}},
	{"near tier, restarted empty", func(t *testing.T) race {
		c, s := server(t)
		return race{
			backends: near(t, share(t, c, nil)),
			node:     torture.NodeOptions{Timeout: redisTimeout},
			faults:   []torture.Fault{torture.RestartEmpty(restartEvery, s)},
		}
	}},
	{"near tier, at most 50 ms stale", func(t *testing.T) race {
		c, _ := server(t)
		return race{backends: near(t, share(t, c, nil)), node: torture.NodeOptions{MaxStale: 50 * time.Millisecond}}
	}},
	{"near tier, at most 50 ms stale, keys lost", func(t *testing.T) race {
		c, _ := server(t)
		return race{
			backends: near(t, share(t, c, nil)),
			node:     torture.NodeOptions{MaxStale: 50 * time.Millisecond},
			faults:   loseKeys(t, c, time.Millisecond),
		}
	}},
	{"near tier, at most 50 ms stale, restarted empty", func(t *testing.T) race {
		c, s := server(t)
		return race{
			backends: near(t, share(t, c, nil)),
			node:     torture.NodeOptions{MaxStale: 50 * time.Millisecond, Timeout: redisTimeout},
			faults:   []torture.Fault{torture.RestartEmpty(restartEvery, s)},
		}
	}},
	{"cluster", func(t *testing.T) race {
		return race{backends: share(t, onCluster(t), nil)}
	}},
	{"cluster, keys lost", func(t *testing.T) race {
		c := onCluster(t)
		return race{backends: share(t, c, nil), faults: loseKeys(t, c, 5*time.Millisecond)}
	}},
	{"cluster, flushed", func(t *testing.T) race {
		c := onCluster(t)
		return race{backends: share(t, c, nil), faults: []torture.Fault{torture.FlushAll(use(t, c), flushEvery)}}
	}},
	{"cluster, full", func(t *testing.T) race {
		c := onCluster(t, full...)
		rdb := use(t, c)
		return race{
			backends: share(t, c, nil),
			faults:   []torture.Fault{torture.Crowd(rdb, 2*time.Millisecond)},
			after:    crowded(t, rdb),
		}
	}},
	// A master that comes back is refused by its cluster for 2 s.
	{"cluster, masters restarted empty", func(t *testing.T) race {
		s := redistest.NewCluster(t, redistest.ClusterConfig{})
		c := func() redis.UniversalClient { return redis.NewClusterClient(s.Options()) }
		return race{
			backends: share(t, c, nil),
			node:     torture.NodeOptions{Timeout: redisTimeout},
			faults:   []torture.Fault{torture.RestartEmpty(2*time.Second, s.Masters...)},
		}
	}},
	{"cluster, near tier", func(t *testing.T) race {
		return race{backends: near(t, share(t, onCluster(t), nil))}
	}},
	{"cluster, near tier, at most 50 ms stale", func(t *testing.T) race {
		return race{backends: near(t, share(t, onCluster(t), nil)), node: torture.NodeOptions{MaxStale: 50 * time.Millisecond}}
	}},
}

// full makes a server evict whatever it has, the log included.
var full = []string{"--maxmemory", "4mb", "--maxmemory-policy", "allkeys-random"}

const (
	flushEvery   = 40 * time.Millisecond
	restartEvery = 300 * time.Millisecond

	// redisTimeout is how long nodes wait for a server that may be gone.
	redisTimeout = 200 * time.Millisecond
)

// mini starts a miniredis, a Redis in this process.
func mini(t testing.TB) connect {
	s := miniredis.RunT(t)
	return func() redis.UniversalClient {
		return redis.NewClient(&redis.Options{Addr: s.Addr(), ContextTimeoutEnabled: true})
	}
}

// server starts a redis-server.
func server(t testing.TB, args ...string) (connect, *redistest.Server) {
	s := redistest.New(t, redistest.Config{Args: args})
	return func() redis.UniversalClient { return redis.NewClient(s.Options()) }, s
}

// onCluster starts a Redis Cluster of three masters.
func onCluster(t testing.TB, args ...string) connect {
	s := redistest.NewCluster(t, redistest.ClusterConfig{Args: args})
	return func() redis.UniversalClient { return redis.NewClusterClient(s.Options()) }
}

// use returns a client of the test's own.
func use(t testing.TB, c connect) redis.UniversalClient {
	rdb := c()
	t.Cleanup(func() { rdb.Close() })
	return rdb
}

// share returns a backend for each node, on a client of its own.
func share(t testing.TB, c connect, opts *rediscache.Options) []cache.Backend {
	list := make([]cache.Backend, nodes)
	for i := range list {
		b, err := rediscache.New(use(t, c), opts)
		if err != nil {
			t.Fatal(err)
		}
		list[i] = b
	}
	return list
}

// loseKeys deletes a random key at a rate, and one of the log's every so often.
func loseKeys(t testing.TB, c connect, every time.Duration) []torture.Fault {
	rdb := use(t, c)
	return []torture.Fault{
		torture.DeleteRandomly(rdb, every),
		torture.DeleteLog(rdb, "uncache:", 200*time.Millisecond),
	}
}

// crowded fills servers until they evict: on a machine with a lot to do the
// fault alone might not come to it within the race.
//
// It returns what then checks that they went on to.
func crowded(t *testing.T, rdb redis.UniversalClient) func(t *testing.T) {
	t.Helper()
	const enough = 1000 // 20 KiB each
	crowd := torture.Crowd(rdb, 0)
	before := 0
	for n := 0; before == 0; n++ {
		if n == enough {
			t.Fatal("the servers evict nothing, however much is stored")
		}
		if err := crowd.Strike(t.Context()); err != nil {
			t.Fatal(err)
		}
		before = evictions(t, rdb)
	}
	return func(t *testing.T) {
		if after := evictions(t, rdb); after <= before {
			t.Errorf("%d keys were evicted during the race, want some", after-before)
		}
	}
}

func evictions(t *testing.T, rdb redis.UniversalClient) int {
	t.Helper()
	evicted := 0
	count := func(ctx context.Context, node *redis.Client) error {
		info, err := node.Info(ctx, "stats").Result()
		_, rest, _ := strings.Cut(info, "evicted_keys:")
		n, _, _ := strings.Cut(rest, "\r\n")
		some, _ := strconv.Atoi(n)
		evicted += some
		return err
	}
	var err error
	switch c := rdb.(type) {
	case *redis.Client:
		err = count(t.Context(), c)
	case *redis.ClusterClient:
		var mu sync.Mutex // the masters are asked at the same time
		err = c.ForEachMaster(t.Context(), func(ctx context.Context, node *redis.Client) error {
			mu.Lock()
			defer mu.Unlock()
			return count(ctx, node)
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return evicted
}

// near puts memory of its own before each node's backend.
func near(t testing.TB, far []cache.Backend) []cache.Backend {
	list := make([]cache.Backend, len(far))
	for i, b := range far {
		var err error
		if list[i], err = tiered.New(inMemory(t, nil), b); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// slowLog is a log whose answers are old when they arrive, as those of a network
// are: who asks meanwhile must not be content with them.
type slowLog struct{ cache.Log }

func (l slowLog) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	events, err := l.Log.Since(ctx, after)
	time.Sleep(rand.N(5 * time.Millisecond))
	return events, err
}
