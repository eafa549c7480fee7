package rediscache_test

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/redistest"
)

// wantRefused fails unless neither the head nor the log can be had from b.
func wantRefused(t *testing.T, b *rediscache.Backend) {
	t.Helper()
	if _, _, head, err := b.GetHead(t.Context(), "k"); err == nil && head != 0 {
		t.Errorf("GetHead of a replica: got head %d, want 0 or an error", head)
	}
	if events, err := b.Since(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "replica") {
		t.Errorf("Since of a replica: got %+v, %v; want an error that says so", events, err)
	}
	if pos, err := b.Append(t.Context(), cache.Event{}); err == nil || !strings.Contains(err.Error(), "replica") {
		t.Errorf("Append to a replica: got %d, %v; want an error that says so", pos, err)
	}
}

// The options of a client that Sentinel leads to a replica do not show it.
func TestReplicaOnlyIsTold(t *testing.T) {
	master := redistest.New(t, redistest.Config{})
	redistest.New(t, redistest.Config{ReplicaOf: master})
	sentinel := redistest.NewSentinel(t, master)
	asked := redis.NewSentinelClient(sentinel.Options())
	t.Cleanup(func() { asked.Close() })
	eventually(t, "Sentinel is connected to the replica", func() bool {
		known, err := asked.Replicas(t.Context(), redistest.SentinelMaster).Result()
		return err == nil && len(known) == 1 && known[0]["flags"] == "slave"
	})
	rdb := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName:            redistest.SentinelMaster,
		SentinelAddrs:         []string{sentinel.Addr},
		ReplicaOnly:           true,
		ContextTimeoutEnabled: true,
		MaxRetries:            -1,
	})
	t.Cleanup(func() { rdb.Close() })
	var obs observations
	b := newBackend(t, rdb, &rediscache.Options{Observe: obs.add})
	for range 3 {
		wantRefused(t, b)
	}
	if got := obs.count(rediscache.OpReplica); got != 1 {
		t.Errorf("told %d times of a replica, want once", got)
	}
}

// A server that becomes a master, and a replica again, is told of again.
func TestReplicaIsToldUntilThatChanges(t *testing.T) {
	master := redistest.New(t, redistest.Config{})
	srv := redistest.New(t, redistest.Config{ReplicaOf: master})
	ctx := t.Context()
	opts := srv.Options()
	opts.MaxRetries = -1
	rdb := newClient(t, opts)
	var obs observations
	b := newBackend(t, rdb, &rediscache.Options{Observe: obs.add})
	host, port := hostPort(t, master.Addr)
	wantRefused(t, b)
	for i, asMaster := range []func(){
		func() { purge(t, b, "to a master") },
		func() { since(t, b, 0) },
	} {
		if got := obs.count(rediscache.OpReplica); got != i+1 {
			t.Errorf("told %d times of a replica that was a master %d times in between, want %d", got, i, i+1)
		}
		must(t, rdb.ReplicaOf(ctx, "no", "one").Err())
		asMaster()
		must(t, rdb.ReplicaOf(ctx, host, port).Err(), srv.WaitSynced(ctx))
		// What it said as a master is relied on for a second.
		eventually(t, "the replica refuses", func() bool {
			_, err := b.Since(ctx, 0)
			return err != nil
		})
		wantRefused(t, b)
	}
	if got := obs.count(rediscache.OpReplica); got != 3 {
		t.Errorf("told %d times of a replica that was a master twice in between, want 3", got)
	}
}
