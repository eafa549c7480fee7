package rediscache_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/internal/redistest"
)

// Sentinel promotes a replica that has not got the last event.
func TestSentinelFailover(t *testing.T) {
	master := redistest.New(t, redistest.Config{})
	replica := redistest.New(t, redistest.Config{ReplicaOf: master})
	sentinel := redistest.NewSentinel(t, master)
	connect := func() *redis.Client {
		rdb := redis.NewFailoverClient(&redis.FailoverOptions{
			MasterName:            redistest.SentinelMaster,
			SentinelAddrs:         []string{sentinel.Addr},
			ContextTimeoutEnabled: true,
		})
		t.Cleanup(func() { rdb.Close() })
		return rdb
	}
	rdb := connect()
	writer, reader := newBackend(t, rdb, nil), newBackend(t, connect(), nil)
	old := purge(t, writer, "replicated")
	warm(t, reader, old)
	detach(t, rdb, replica)
	lost := purge(t, writer, "not replicated")
	must(t, master.Kill(), replica.Resume())

	readWhenBack(t, reader, old, lost)
	if pos := appendWhenBack(t, writer); pos <= lost {
		t.Errorf("Append after the failover: got position %d, want one beyond %d", pos, lost)
	}
}
