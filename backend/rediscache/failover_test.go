package rediscache_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/redistest"
)

// failover is a master, its replica, and an address that leads to one of them,
// as a DNS name does.
type failover struct {
	a, b *redistest.Server
	addr atomic.Pointer[string]
}

func newFailover(t *testing.T) *failover {
	t.Helper()
	f := &failover{a: redistest.New(t, redistest.Config{})}
	f.b = redistest.New(t, redistest.Config{ReplicaOf: f.a})
	f.addr.Store(&f.a.Addr)
	return f
}

// process returns the backend of a process that knows the address only. Its
// connections to the old server are broken when the address moves.
func (f *failover) process(t *testing.T) *rediscache.Backend {
	t.Helper()
	opts := f.a.Options()
	opts.Dialer = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, *f.addr.Load())
	}
	return newBackend(t, newClient(t, opts), nil)
}

// cutOff waits until B has what A has, and promotes it: from here on it misses
// A's events, and has a replication ID of its own.
func (f *failover) cutOff(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	a, b := newClient(t, f.a.Options()), newClient(t, f.b.Options())
	waitReplicated(t, a)
	must(t, b.ReplicaOf(ctx, "no", "one").Err())
}

func (f *failover) moveToA(t *testing.T) { f.move(t, f.b, f.a) }

func (f *failover) moveToB(t *testing.T) { f.move(t, f.a, f.b) }

// move redirects the address and closes the connections to the old server, if
// it is still there.
func (f *failover) move(t *testing.T, from, to *redistest.Server) {
	t.Helper()
	f.addr.Store(&to.Addr)
	rdb := redis.NewClient(from.Options())
	defer rdb.Close()
	_ = rdb.Do(t.Context(), "client", "kill", "type", "normal").Err() // it may be dead
}

func hostPort(t *testing.T, addr string) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	must(t, err)
	return host, port
}

func waitReplicated(t *testing.T, master *redis.Client) {
	t.Helper()
	if n, err := master.Wait(t.Context(), 1, 0).Result(); err != nil || n != 1 {
		t.Fatalf("WAIT 1 0 = %d, %v; want 1", n, err)
	}
}

// detach waits until a replica has what its master has, and makes sure that it
// gets nothing more: it is paused, and the connection on which the system would
// keep the rest for it is cut.
func detach(t *testing.T, master *redis.Client, replica *redistest.Server) {
	t.Helper()
	waitReplicated(t, master)
	must(t, replica.Pause(), master.ClientKillByFilter(t.Context(), "type", "replica").Err())
}

// readWhenBack reads until the log answers again, and wants a new era then.
func readWhenBack(t *testing.T, b cache.Log, after, last cache.Position) {
	t.Helper()
	eventually(t, "the log can be read", func() bool {
		events, err := b.Since(within(t, time.Second), after)
		if err == nil && events.From <= last {
			t.Fatalf("Since(%d) after the failover: got Head %d, From %d; want From beyond %d", after, events.Head, events.From, last)
		}
		return err == nil
	})
}

func appendWhenBack(t *testing.T, b cache.Log) (pos cache.Position) {
	t.Helper()
	eventually(t, "the log can be appended to", func() bool {
		var err error
		pos, err = b.Append(within(t, time.Second), cache.Event{})
		return err == nil
	})
	return pos
}
