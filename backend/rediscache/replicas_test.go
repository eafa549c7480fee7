package rediscache_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/redistest"
)

// appendWith appends through a backend that wants so many replicas.
func appendWith(t *testing.T, rdb redis.UniversalClient, replicas int, ctx context.Context) (cache.Position, error) {
	t.Helper()
	b := newBackend(t, rdb, &rediscache.Options{Replicas: replicas})
	return b.Append(ctx, cache.Event{Dependencies: []cache.Dependency{cache.All}})
}

func TestAppendWaitsForReplicas(t *testing.T) {
	master := redistest.New(t, redistest.Config{})
	replica := redistest.New(t, redistest.Config{ReplicaOf: master})
	rdb, other := newClient(t, master.Options()), newClient(t, replica.Options())
	for range 20 {
		pos, err := appendWith(t, rdb, 1, t.Context())
		must(t, err)
		if n := other.XRange(t.Context(), eventsKey, "-", "+").Val(); len(n) == 0 || n[len(n)-1].ID != fmt.Sprint(pos, "-0") {
			t.Fatalf("Append has returned %d; the replica has %v", pos, n)
		}
	}
	if pos, err := appendWith(t, rdb, 2, within(t, 100*time.Millisecond)); !errors.Is(err, rediscache.ErrReplicas) {
		t.Errorf("Append for two replicas, with one: got %d, %v; want ErrReplicas", pos, err)
	}
	must(t, replica.Pause())
	for name, ctx := range map[string]struct {
		within time.Duration
		most   time.Duration
	}{
		"a deadline":  {200 * time.Millisecond, 200 * time.Millisecond},
		"no deadline": {0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			c := t.Context()
			if ctx.within > 0 {
				c = within(t, ctx.within)
			}
			began := time.Now()
			pos, err := appendWith(t, rdb, 1, c)
			if took := time.Since(began); !errors.Is(err, rediscache.ErrReplicas) || took > ctx.most+time.Second {
				t.Errorf("Append with a replica that hangs: got %d, %v after %v; want ErrReplicas within %v", pos, err, took, ctx.most)
			}
		})
	}
	must(t, replica.Resume())
	_, err := appendWith(t, rdb, 1, t.Context())
	must(t, err)
}

// A user who may not WAIT, and a Redis that does not know it, are no reason to
// promise less: the purge fails.
func TestAppendWithoutWait(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	must(t, newClient(t, srv.Options()).Do(t.Context(), "acl", "setuser", "bound", "on", ">pw", "~*", "+@all", "-wait").Err())
	opts := srv.Options()
	opts.Username, opts.Password = "bound", "pw"
	rdb := newClient(t, opts)
	if pos, err := appendWith(t, rdb, 1, t.Context()); !errors.Is(err, rediscache.ErrReplicas) || !redis.HasErrorPrefix(err, "NOPERM") {
		t.Errorf("Append: got %d, %v; want ErrReplicas and what Redis said", pos, err)
	}
	_, err := appendWith(t, rdb, 0, t.Context())
	must(t, err)
	mini := newClient(t, newMini(t).Options())
	if pos, err := appendWith(t, mini, 1, t.Context()); !errors.Is(err, rediscache.ErrReplicas) {
		t.Errorf("Append to a server without replicas: got %d, %v; want ErrReplicas", pos, err)
	}
}

// A cluster's client sends WAIT anywhere. It has to go where the log is, also when
// the client does not know yet where that is.
func TestAppendWaitsForReplicasOfACluster(t *testing.T) {
	c := redistest.NewCluster(t, redistest.ClusterConfig{Replicas: true})
	rdb := redis.NewClusterClient(c.Options())
	t.Cleanup(func() { rdb.Close() })
	ctx := t.Context()
	_, err := appendWith(t, rdb, 1, ctx)
	must(t, err)
	if pos, err := appendWith(t, rdb, 2, within(t, 200*time.Millisecond)); !errors.Is(err, rediscache.ErrReplicas) {
		t.Errorf("Append for two replicas, with one each: got %d, %v; want ErrReplicas", pos, err)
	}
	holder, err := rdb.MasterForKey(ctx, headKey)
	must(t, err)
	for i, m := range c.Masters {
		if m.Addr != holder.Options().Addr {
			continue
		}
		heir := newClient(t, c.Replicas[i].Options())
		must(t, heir.Do(ctx, "cluster", "failover", "takeover").Err())
		eventually(t, "the replica is the master", func() bool {
			role, err := heir.Do(ctx, "role").Slice()
			return err == nil && role[0] == "master"
		})
	}
	eventually(t, "the old master follows, and has a purge", func() bool {
		_, err := appendWith(t, rdb, 1, within(t, 2*time.Second))
		return err == nil
	})
}
