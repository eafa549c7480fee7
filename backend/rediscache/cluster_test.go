package rediscache_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/internal/redistest"
)

func clusterProcess(t *testing.T, c *redistest.Cluster) (*rediscache.Backend, *redis.ClusterClient) {
	t.Helper()
	rdb := redis.NewClusterClient(c.Options())
	t.Cleanup(func() { rdb.Close() })
	return newBackend(t, rdb, nil), rdb
}

func TestClusterSpreadsValues(t *testing.T) {
	c := redistest.NewCluster(t, redistest.ClusterConfig{})
	b, _ := clusterProcess(t, c)
	ctx := t.Context()
	purge(t, b, "a purge")
	const n = 3000
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprint(i))
		must(t, b.Set(ctx, keys[i], []byte(keys[i]), 0))
	}
	perNode := func() (total int64, least int64) {
		least = n
		for _, s := range c.Masters {
			size := newClient(t, s.Options()).DBSize(ctx).Val()
			total, least = total+size, min(least, size)
		}
		return total, least
	}
	if total, least := perNode(); total != n+2 || least < n/10 {
		t.Errorf("the nodes have %d keys, one of them %d; want %d, spread", total, least, n+2)
	}
	must(t, b.Delete(ctx, keys[:n/2]...))
	if total, _ := perNode(); total != n/2+2 {
		t.Errorf("after Delete of %d keys on all nodes: %d keys are left, want %d", n/2, total, n/2+2)
	}
	must(t, b.Clear(ctx))
	if total, _ := perNode(); total != 2 {
		t.Errorf("after Clear: %d keys are left, want the log's 2", total)
	}
}

// The slot of the log moves to another node, with its keys. Processes whose
// idea of the cluster is old must find it, and must not take the new node for
// one that they have asked.
func TestClusterSlotMoves(t *testing.T) {
	c := redistest.NewCluster(t, redistest.ClusterConfig{})
	writer, rdb := clusterProcess(t, c)
	reader, _ := clusterProcess(t, c)
	start := purge(t, writer, "before the move")
	warm(t, reader, start)

	ctx := t.Context()
	moveSlot(t, c, rdb, int(rdb.ClusterKeySlot(ctx, headKey).Val()))

	// The new node has another history, so that an era begins, and only one.
	events := wantEra(t, reader, start, start)
	pos := purge(t, writer, "after the move")
	if pos != events.Head+1 {
		t.Errorf("Append after the move: got position %d, want %d", pos, events.Head+1)
	}
	eventually(t, "GetHead knows the head again", func() bool {
		_, _, head, err := reader.GetHead(ctx, "k")
		must(t, err)
		if head != 0 && head != pos {
			t.Fatalf("GetHead after the move: got head %d, want %d or 0", head, pos)
		}
		return head == pos
	})
}

// moveSlot moves one slot from its master to another.
func moveSlot(t *testing.T, c *redistest.Cluster, rdb *redis.ClusterClient, slot int) {
	t.Helper()
	ctx := t.Context()
	var from, to *redis.Client
	var fromID, toID string
	for _, s := range c.Masters {
		node := newClient(t, s.Options())
		id := node.Do(ctx, "cluster", "myid").String()
		id = id[strings.LastIndex(id, " ")+1:]
		if owner, err := rdb.MasterForKey(ctx, headKey); err != nil {
			t.Fatal(err)
		} else if owner.Options().Addr == s.Addr {
			from, fromID = node, id
		} else {
			to, toID = node, id
		}
	}
	must(t,
		to.Do(ctx, "cluster", "setslot", slot, "importing", fromID).Err(),
		from.Do(ctx, "cluster", "setslot", slot, "migrating", toID).Err())
	host, port := hostPort(t, to.Options().Addr)
	for _, key := range from.ClusterGetKeysInSlot(ctx, slot, 100).Val() {
		must(t, from.Migrate(ctx, host, port, key, 0, 10*time.Second).Err())
	}
	must(t,
		to.Do(ctx, "cluster", "setslot", slot, "node", toID).Err(),
		from.Do(ctx, "cluster", "setslot", slot, "node", toID).Err())
}

// The master that has the log dies without its last event having reached its
// replica, which takes over.
func TestClusterFailover(t *testing.T) {
	c := redistest.NewCluster(t, redistest.ClusterConfig{Replicas: true})
	writer, rdb := clusterProcess(t, c)
	reader, _ := clusterProcess(t, c)
	ctx := t.Context()
	old := purge(t, writer, "replicated")
	warm(t, reader, old)

	node, err := rdb.MasterForKey(ctx, headKey)
	must(t, err)
	for i, master := range c.Masters {
		if master.Addr != node.Options().Addr {
			continue
		}
		detach(t, node, c.Replicas[i])
		lost := purge(t, writer, "not replicated")
		must(t, master.Kill(), c.Replicas[i].Resume())
		readWhenBack(t, reader, old, lost)
		if pos := appendWhenBack(t, writer); pos <= lost {
			t.Errorf("Append after the failover: got position %d, want one beyond %d", pos, lost)
		}
		return
	}
	t.Fatalf("no master listens at %s, which has the log", node.Options().Addr)
}
