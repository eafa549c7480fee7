package rediscache_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
)

// The caller of a gathered read owns the bytes.
func TestGatheredReadsShareNoBytes(t *testing.T) { onEachServer(t, testGatheredReadsShareNoBytes) }

func testGatheredReadsShareNoBytes(t *testing.T, srv server) {
	b, g, trips := gathering(t, srv)
	const n = 8
	values := make(chan []byte, n)
	for range n {
		go func() {
			v, _, _, err := b.GetHead(context.Background(), "k7")
			if err != nil {
				t.Error(err)
			}
			values <- v
		}()
	}
	eventually(t, "reads gather", func() bool { return b.Gathered() == n })
	g.open()
	trips.Wait()
	all := make([][]byte, n)
	for i := range all {
		all[i] = <-values
		for j := range all[i] {
			all[i][j] = byte('a' + i)
		}
		_ = append(all[i], '!')
	}
	for i, v := range all {
		if want := strings.Repeat(string(rune('a'+i)), len("v7")); string(v) != want {
			t.Errorf("reader %d wrote %q and has %q", i, want, v)
		}
	}
}

// No head is older than its request while connections break, commands are sent
// again and new connections are dialled: raced.
func TestHeadsWhileConnectionsBreak(t *testing.T) { onEachServer(t, testHeadsWhileConnectionsBreak) }

func testHeadsWhileConnectionsBreak(t *testing.T, srv server) {
	var conns sync.Map
	opts := srv.Options()
	opts.Dialer = func(_ context.Context, network, addr string) (net.Conn, error) {
		conn, err := net.Dial(network, addr)
		if err == nil {
			conns.Store(conn, nil)
		}
		return conn, err
	}
	b := newBackend(t, newClient(t, opts), nil)
	other, _ := process(t, srv)
	must(t, b.Set(t.Context(), "k", []byte("v"), 0))
	var last atomic.Uint64 // of a purge that has returned
	var told atomic.Int64
	until := time.Now().Add(time.Second)
	var all sync.WaitGroup
	all.Go(func() {
		for time.Now().Before(until) {
			last.Store(uint64(purge(t, other, "again")))
		}
	})
	all.Go(func() {
		for time.Now().Before(until) {
			time.Sleep(5 * time.Millisecond)
			conns.Range(func(conn, _ any) bool {
				conn.(net.Conn).Close()
				conns.Delete(conn)
				return false
			})
		}
	})
	for range 50 {
		all.Go(func() {
			for time.Now().Before(until) {
				want := cache.Position(last.Load())
				_, _, head, err := b.GetHead(t.Context(), "k")
				switch {
				case err != nil || head == 0:
				case head < want:
					t.Errorf("got head %d; a purge at %d had returned before", head, want)
				default:
					told.Add(1)
				}
			}
		})
	}
	all.Wait()
	if told.Load() == 0 {
		t.Error("no read told the head")
	}
}

// A limiter refuses many at once, and all hear of it.
func TestReadsThatALimiterRefuses(t *testing.T) { onEachServer(t, testReadsThatALimiterRefuses) }

func testReadsThatALimiterRefuses(t *testing.T, srv server) {
	opts := srv.Options()
	opts.Limiter = refuses{errors.New("no more")}
	b := newBackend(t, newClient(t, opts), nil)
	var all sync.WaitGroup
	for range 60 {
		all.Go(func() {
			if _, _, _, err := b.GetHead(t.Context(), "k"); err == nil || !strings.Contains(err.Error(), "no more") {
				t.Errorf("got %v, want what the limiter said", err)
			}
		})
	}
	all.Wait()
	if n := b.Trips(); n != 0 {
		t.Errorf("%d trips are under way, and nobody reads", n)
	}
}

// refuses is a limiter.
type refuses struct{ err error }

func (r refuses) Allow() error       { return r.err }
func (refuses) ReportResult(_ error) {}
