package rediscache_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/redistest"
)

// A wire watches the bytes of a client's connections.
type wire struct {
	trips atomic.Int64        // writes that came after a read
	sent  func(b []byte)      // sees what is about to be written
	drop  func(b []byte) bool // says which replies are lost, with the connection
}

func (w *wire) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &wiredConn{Conn: conn, wire: w, turn: true}, nil
}

type wiredConn struct {
	net.Conn
	wire *wire
	turn bool // the next write begins a round trip
	last []byte
}

func (c *wiredConn) Write(b []byte) (int, error) {
	if c.turn {
		c.wire.trips.Add(1)
		c.last = nil
	}
	c.turn = false
	c.last = append(c.last, b...)
	if c.wire.sent != nil {
		c.wire.sent(b)
	}
	return c.Conn.Write(b)
}

func (c *wiredConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.turn = true
	if err == nil && c.wire.drop != nil && c.wire.drop(c.last) {
		c.Conn.Close()
		return 0, io.EOF
	}
	return n, err
}

func TestHitIsOneRoundTrip(t *testing.T) { onEachServer(t, testHitIsOneRoundTrip) }

func testHitIsOneRoundTrip(t *testing.T, srv server) {
	w := &wire{}
	opts := srv.Options()
	opts.Dialer = w.dial
	b := newBackend(t, newClient(t, opts), nil)
	must(t, b.Set(t.Context(), "k", make([]byte, 4096), 0))
	head := purge(t, b, "a purge")
	warm(t, b, head)

	const hits = 100
	before := w.trips.Load()
	for range hits {
		value, ok, got, err := b.GetHead(t.Context(), "k")
		if err != nil || !ok || len(value) != 4096 || got != head {
			t.Fatalf("GetHead(k) = %d bytes, %v, %d, %v; want 4096 bytes, true, %d, nil", len(value), ok, got, err, head)
		}
	}
	if got := w.trips.Load() - before; got != hits {
		t.Errorf("%d hits took %d round trips, want one each", hits, got)
	}
}

// A connection that somebody else dialled does not cost a hit a second trip:
// the hit asks, and still knows the head.
func TestHitAfterADialIsOneRoundTrip(t *testing.T) { onEachServer(t, testHitAfterADialIsOneRoundTrip) }

func testHitAfterADialIsOneRoundTrip(t *testing.T, srv server) {
	w := &wire{}
	opts := srv.Options()
	opts.Dialer = w.dial
	rdb := newClient(t, opts)
	b := newBackend(t, rdb, nil)
	head := purge(t, b, "a purge")
	warm(t, b, head)
	for range 3 {
		conn := rdb.Conn() // takes the idle connection; the hits need others
		must(t, conn.Ping(t.Context()).Err())
		t.Cleanup(func() { conn.Close() })
		must(t, rdb.Ping(t.Context()).Err())

		before := w.trips.Load()
		if _, _, got, err := b.GetHead(t.Context(), "k"); err != nil || got != head {
			t.Errorf("GetHead after a dial: got head %d, %v; want %d", got, err, head)
		}
		if got := w.trips.Load() - before; got != 1 {
			t.Errorf("a hit after a dial took %d round trips, want 1", got)
		}
	}
}

// On a cluster, no node waits for the other: both requests are on their way
// before either is let through.
func TestClusterAsksBothNodesAtOnce(t *testing.T) {
	c := redistest.NewCluster(t, redistest.ClusterConfig{})
	var barrier atomic.Pointer[sync.WaitGroup]
	w := &wire{sent: func([]byte) {
		if wg := barrier.Load(); wg != nil {
			wg.Done()
			wg.Wait()
		}
	}}
	opts := c.Options()
	opts.Dialer = w.dial
	rdb := redis.NewClusterClient(opts)
	t.Cleanup(func() { rdb.Close() })
	b := newBackend(t, rdb, nil)

	ctx := t.Context()
	key := keyElsewhere(t, rdb)
	must(t, b.Set(ctx, key, []byte("v"), 0))
	head := purge(t, b, "a purge")
	warm(t, b, head)
	if _, ok, got, err := b.GetHead(ctx, key); err != nil || !ok || got != head {
		t.Fatalf("GetHead = %v, %d, %v; want true, %d, nil", ok, got, err, head)
	}

	both := new(sync.WaitGroup)
	both.Add(2)
	barrier.Store(both)
	before := w.trips.Load()
	_, ok, got, err := b.GetHead(within(t, 10*time.Second), key)
	if err != nil || !ok || got != head {
		t.Errorf("GetHead = %v, %d, %v; want true, %d, nil", ok, got, err, head)
	}
	if got := w.trips.Load() - before; got != 2 {
		t.Errorf("a hit took %d round trips over all connections, want one to each of 2 nodes", got)
	}
}

// keyElsewhere returns a key that is not on the node of the log.
func keyElsewhere(t *testing.T, rdb *redis.ClusterClient) string {
	t.Helper()
	ctx := t.Context()
	log, err := rdb.MasterForKey(ctx, headKey)
	must(t, err)
	for _, key := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		node, err := rdb.MasterForKey(ctx, "uncache:"+key)
		must(t, err)
		if node != log {
			return key
		}
	}
	t.Fatal("all keys are on one node")
	return ""
}

// go-redis sends a command again when its reply was lost.
func TestLostReplyOfAnAppend(t *testing.T) { onEachServer(t, testLostReplyOfAnAppend) }

func testLostReplyOfAnAppend(t *testing.T, srv server) {
	reader, _ := process(t, srv)
	start := since(t, reader, 0).Head

	var dropped atomic.Bool
	w := &wire{drop: func(b []byte) bool {
		return bytes.Contains(b, []byte("XADD")) && dropped.CompareAndSwap(false, true)
	}}
	opts := srv.Options()
	opts.Dialer = w.dial
	writer := newBackend(t, newClient(t, opts), nil)

	pos := purge(t, writer, "twice")
	if !dropped.Load() {
		t.Fatal("no reply was lost")
	}
	events := since(t, reader, start)
	if pos != start+2 || events.From != start || len(events.List) != 2 || events.List[0].Reason != "twice" {
		t.Errorf("Append whose reply was lost returned %d, the log has %+v; want the event at %d and at %d",
			pos, events, start+1, start+2)
	}
}

func TestLostReplyOfAnEra(t *testing.T) { onEachServer(t, testLostReplyOfAnEra) }

func testLostReplyOfAnEra(t *testing.T, srv server) {
	var dropped atomic.Int64
	w := &wire{drop: func(b []byte) bool {
		return bytes.Contains(b, []byte("xrange")) && dropped.Add(1) <= 1
	}}
	opts := srv.Options()
	opts.Dialer = w.dial
	b, rdb := newBackend(t, newClient(t, opts), nil), newClient(t, srv.Options())
	events := since(t, b, 0)
	if dropped.Load() < 2 {
		t.Fatal("no reply was lost")
	}
	other := newBackend(t, rdb, nil)
	if got := since(t, other, 0); got.Head != events.Head || events.From != events.Head {
		t.Errorf("an era whose reply was lost: got Head %d, From %d, and another process reads Head %d; want one era",
			events.Head, events.From, got.Head)
	}
}

func TestContextEnds(t *testing.T) {
	srv := redistest.New(t, redistest.Config{})
	b, _ := process(t, srv)
	purge(t, b, "connected")
	must(t, srv.Pause())
	for name, call := range map[string]func(context.Context) error{
		"Get":     func(ctx context.Context) error { _, _, err := b.Get(ctx, "k"); return err },
		"GetHead": func(ctx context.Context) error { _, _, _, err := b.GetHead(ctx, "k"); return err },
		"Set":     func(ctx context.Context) error { return b.Set(ctx, "k", nil, 0) },
		"Delete":  func(ctx context.Context) error { return b.Delete(ctx, "k") },
		"Clear":   b.Clear,
		"Append":  func(ctx context.Context) error { _, err := b.Append(ctx, cache.Event{}); return err },
		"Since":   func(ctx context.Context) error { _, err := b.Since(ctx, 0); return err },
	} {
		began := time.Now()
		err := call(within(t, 50*time.Millisecond))
		// go-redis would wait for 3 s, and try 4 times.
		if took := time.Since(began); err == nil || took > 2*time.Second {
			t.Errorf("%s of a server that hangs, with 50 ms to do it: got %v after %v, want an error at once", name, err, took)
		}
	}
}
