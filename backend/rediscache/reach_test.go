package rediscache_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/internal/redistest"
)

// throughProxy returns the backend of a process whose network can be lost, and
// its client.
func throughProxy(t *testing.T, srv *redistest.Server) (*redistest.Proxy, *rediscache.Backend, *redis.Client) {
	p := redistest.NewProxy(t, srv.Addr)
	opts := srv.Options()
	opts.Addr, opts.ReadTimeout, opts.PoolSize = p.Addr, time.Minute, 20
	rdb := newClient(t, opts)
	return p, newBackend(t, rdb, nil), rdb
}

// A process that starts may take ten seconds to read the log, but it does not
// take them to find out that nobody is there.
func TestSinceFromTheStartOverADeadConnection(t *testing.T) {
	p, b, _ := throughProxy(t, redistest.New(t, redistest.Config{}))
	p.Lose()
	began := time.Now()
	events, err := b.Since(within(t, 30*time.Second), 0)
	if took := time.Since(began); err == nil || took > 10*time.Second {
		t.Errorf("Since(0) = %+v, %v after %v; want an error after a second", events, err, took)
	}
	p.Thaw()
	since(t, b, 0)
}

// Connections that the network has forgotten cost one Reach, and not one command
// each.
func TestReachOverDeadConnections(t *testing.T) {
	p, b, rdb := throughProxy(t, redistest.New(t, redistest.Config{}))
	const idle = 10
	dial(t, rdb, idle)
	if n := rdb.PoolStats().IdleConns; n != idle {
		t.Fatalf("%d connections wait in the pool, want %d", n, idle)
	}
	p.Lose()
	if err := b.Reach(within(t, 200*time.Millisecond)); err == nil {
		t.Error("Reach, while the network is lost: got nil, want an error")
	}
	if n := rdb.PoolStats().IdleConns; n != 0 {
		t.Errorf("%d connections are still in the pool: all of them are dead", n)
	}
	p.Thaw()
	must(t, b.Reach(within(t, 10*time.Second)))
}

// A server that answers is reached, before anything else and after other calls.
func TestReach(t *testing.T) {
	_, b, _ := throughProxy(t, redistest.New(t, redistest.Config{}))
	must(t, b.Reach(within(t, 10*time.Second)))
	must(t, b.Set(t.Context(), "k", []byte("value"), time.Hour))
	must(t, b.Reach(within(t, 10*time.Second)))
	if v, ok, err := b.Get(t.Context(), "k"); string(v) != "value" || err != nil {
		t.Errorf("Get after Reach: got %q, %v, %v; want value", v, ok, err)
	}
}

// A server that refuses has answered: what is wrong with it is not the
// connections.
func TestReachOfAServerThatRefuses(t *testing.T) {
	srv := redistest.New(t, redistest.Config{Args: []string{"--requirepass", "secret"}})
	_, b, _ := throughProxy(t, srv)
	must(t, b.Reach(within(t, 10*time.Second)))
	must(t, srv.Kill())
	if err := b.Reach(within(t, 200*time.Millisecond)); err == nil {
		t.Error("Reach of a server that is dead: got nil, want an error")
	}
}

func TestReachOfACluster(t *testing.T) {
	c := redistest.NewCluster(t, redistest.ClusterConfig{})
	rdb := redis.NewClusterClient(c.Options())
	t.Cleanup(func() { rdb.Close() })
	b := newBackend(t, rdb, nil)
	must(t, b.Reach(within(t, 10*time.Second)))
	for _, m := range c.Masters {
		must(t, m.Pause())
	}
	if err := b.Reach(within(t, 200*time.Millisecond)); err == nil {
		t.Error("Reach of a cluster that hangs: got nil, want an error")
	}
	for _, m := range c.Masters {
		must(t, m.Resume())
	}
	eventually(t, "the cluster can be reached", func() bool { return b.Reach(within(t, time.Second)) == nil })
}
