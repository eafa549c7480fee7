package redistest_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/internal/redistest"
)

func client(t *testing.T, s *redistest.Server) *redis.Client {
	rdb := redis.NewClient(s.Options())
	t.Cleanup(func() { rdb.Close() })
	return rdb
}

func wantGet(t *testing.T, rdb redis.Cmdable, want string) {
	t.Helper()
	got, err := rdb.Get(t.Context(), "k").Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		t.Fatalf("GET k: %v", err)
	}
	if got != want {
		t.Errorf("GET k = %q, want %q", got, want)
	}
}

func TestRestart(t *testing.T) {
	s := redistest.New(t, redistest.Config{})
	rdb := client(t, s)
	ctx := t.Context()
	rdb.Set(ctx, "k", "saved", 0)
	if err := rdb.Save(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	rdb.Set(ctx, "k", "lost", 0)
	if err := s.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	wantGet(t, rdb, "saved")
	if err := s.RestartEmpty(ctx); err != nil {
		t.Fatal(err)
	}
	wantGet(t, rdb, "")
}

func TestPause(t *testing.T) {
	s := redistest.New(t, redistest.Config{})
	rdb := client(t, s)
	wantGet(t, rdb, "")
	if err := s.Pause(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := rdb.Get(ctx, "k").Err(); !errors.Is(err, context.DeadlineExceeded) && !os.IsTimeout(err) {
		t.Errorf("GET from a paused server: got %v, want a timeout", err)
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	wantGet(t, rdb, "")
}

func TestArgs(t *testing.T) {
	s := redistest.New(t, redistest.Config{Args: []string{"--maxmemory", "12mb"}})
	got, err := client(t, s).ConfigGet(t.Context(), "maxmemory").Result()
	if err != nil || got["maxmemory"] != "12582912" {
		t.Errorf("CONFIG GET maxmemory = %v, %v; want 12582912", got, err)
	}
}

func TestReplica(t *testing.T) {
	master := redistest.New(t, redistest.Config{})
	client(t, master).Set(t.Context(), "k", "v", 0)
	replica := redistest.New(t, redistest.Config{ReplicaOf: master})
	wantGet(t, client(t, replica), "v")
}

func TestSentinel(t *testing.T) {
	master := redistest.New(t, redistest.Config{})
	replica := redistest.New(t, redistest.Config{ReplicaOf: master})
	sentinel := redistest.NewSentinel(t, master)
	rdb := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: redistest.SentinelMaster, SentinelAddrs: []string{sentinel.Addr},
	})
	t.Cleanup(func() { rdb.Close() })
	rdb.Set(t.Context(), "k", "v", 0)
	if _, err := rdb.Wait(t.Context(), 1, 0).Result(); err != nil {
		t.Fatal(err)
	}
	if err := master.Kill(); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); rdb.Set(t.Context(), "k", "new", 0).Err() != nil; time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			t.Fatal("no new master after 30 s")
		}
	}
	wantGet(t, client(t, replica), "new")
}

func TestStopDeletesFiles(t *testing.T) {
	s := redistest.New(t, redistest.Config{})
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Stat(%s) after Stop: got %v, want that it does not exist", s.Dir, err)
	}
	if err := client(t, s).Ping(t.Context()).Err(); err == nil {
		t.Error("the server answers after Stop")
	}
}

func TestWithoutServer(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := redistest.Start(t.Context(), redistest.Config{}); !errors.Is(err, redistest.ErrNoServer) {
		t.Errorf("Start without redis-server: got %v, want ErrNoServer", err)
	}
}

func TestCluster(t *testing.T) {
	c := redistest.NewCluster(t, redistest.ClusterConfig{Replicas: true})
	rdb := redis.NewClusterClient(c.Options())
	t.Cleanup(func() { rdb.Close() })
	if err := rdb.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	wantGet(t, rdb, "v")
	shards, err := rdb.ClusterShards(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	var served int64
	for _, shard := range shards {
		for _, slots := range shard.Slots {
			served += slots.End - slots.Start + 1
		}
	}
	if served != 16384 {
		t.Errorf("%d slots are served, want all 16384", served)
	}
}
