package rediscache_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/internal/redistest"
)

// Each dead connection of the pool costs one visitor, and the others do not wait.
func TestReadsBesideDeadConnections(t *testing.T) {
	const visitors, idle = 16, 16
	for _, dead := range []int{1, rediscache.MaxTrips, idle / 2} {
		t.Run(fmt.Sprint(dead), func(t *testing.T) {
			p, b, rdb := throughProxy(t, redistest.New(t, redistest.Config{}))
			purge(t, b, "a purge")
			must(t, b.Set(t.Context(), "k", []byte("v"), 0))
			conns := make([]*redis.Conn, idle)
			for i := range conns {
				conns[i] = rdb.Conn()
				must(t, conns[i].Ping(t.Context()).Err())
				if i == dead-1 {
					p.Lose()
					p.Thaw()
				}
			}
			slices.Reverse(conns) // the one that is given back last is used next
			for _, conn := range conns {
				must(t, conn.Close())
			}

			const timeout = 500 * time.Millisecond
			until := time.Now().Add(2 * timeout)
			var slow atomic.Int32
			var all sync.WaitGroup
			for range visitors {
				all.Go(func() {
					for time.Now().Before(until) {
						ctx, cancel := context.WithTimeout(t.Context(), timeout)
						began := time.Now()
						_, _, _, err := b.GetHead(ctx, "k")
						if err != nil || time.Since(began) > timeout/2 {
							slow.Add(1)
						}
						cancel()
						time.Sleep(time.Millisecond)
					}
				})
			}
			all.Wait()
			if n := slow.Load(); int(n) > dead {
				t.Errorf("%d visitors waited where %d connections were dead", n, dead)
			}
			if n := b.Trips(); n != 0 {
				t.Errorf("%d trips are under way, and nobody reads", n)
			}
		})
	}
}

// Where the way is long there is nothing to save, and nobody waits for others.
func TestNobodyGathersFarAway(t *testing.T) { onEachServer(t, testNobodyGathersFarAway) }

func testNobodyGathersFarAway(t *testing.T, srv server) {
	rdb := newClient(t, srv.Options())
	g := new(gate)
	rdb.AddHook(g)
	b := newBackend(t, rdb, nil)
	b.GatherFor(time.Hour)
	for range 3 {
		g.close()
		time.AfterFunc(10*rediscache.FarAway, g.open)
		_, _, _, _ = b.GetHead(t.Context(), "k")
	}
	g.close()
	const n = 2 * rediscache.MaxTrips
	var all sync.WaitGroup
	for range n {
		all.Go(func() { _, _, _, _ = b.GetHead(context.Background(), "k") })
	}
	eventually(t, "all are under way", func() bool { return g.reads() == n })
	g.open()
	all.Wait()
}

// Reads that gathered behind reads which do not end go by themselves, if their
// callers are still there.
func TestWhoGathersDoesNotWaitForLong(t *testing.T) {
	onEachServer(t, testWhoGathersDoesNotWaitForLong)
}

func testWhoGathersDoesNotWaitForLong(t *testing.T, srv server) {
	b, g, trips := gathering(t, srv)
	b.GatherFor(rediscache.MaxGathering)
	gone, giveUp := context.WithCancel(t.Context())
	ends := make(chan error, 4)
	for i := range cap(ends) {
		ctx := t.Context()
		if i%2 == 0 {
			ctx = gone
		}
		go func() {
			_, _, _, err := b.GetHead(ctx, "k1")
			ends <- err
		}()
	}
	giveUp()
	eventually(t, "half of them go", func() bool { return len(g.seen()) >= rediscache.MaxTrips+cap(ends)/2 })
	for _, n := range g.seen() {
		if n != 1 {
			t.Errorf("one asks for %d values", n)
		}
	}
	g.open()
	trips.Wait()
	failed := 0
	for range cap(ends) {
		if err := <-ends; err != nil {
			failed++
		}
	}
	if failed > cap(ends)/2 {
		t.Errorf("%d failed, and half of them had not given up", failed)
	}
	if n := b.Trips(); n != 0 {
		t.Errorf("%d trips are under way, and nobody reads", n)
	}
}
