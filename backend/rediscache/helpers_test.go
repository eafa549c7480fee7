package rediscache_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
)

// logKeys are the keys of the log under the default prefix.
const (
	headKey   = "uncache:{log}:head"
	eventsKey = "uncache:{log}:events"
)

func newClient(t testing.TB, opts *redis.Options) *redis.Client {
	rdb := redis.NewClient(opts)
	t.Cleanup(func() { rdb.Close() })
	return rdb
}

// dial has n connections wait in the client's pool.
func dial(t testing.TB, rdb *redis.Client, n int) {
	t.Helper()
	conns := make([]*redis.Conn, n)
	for i := range conns {
		conns[i] = rdb.Conn()
		must(t, conns[i].Ping(t.Context()).Err())
	}
	for _, conn := range conns {
		must(t, conn.Close())
	}
}

func newBackend(t testing.TB, rdb redis.UniversalClient, opts *rediscache.Options) *rediscache.Backend {
	t.Helper()
	b, err := rediscache.New(rdb, opts)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// process is what a process has: a client of its own and a backend on it.
func process(t testing.TB, srv server) (*rediscache.Backend, *redis.Client) {
	t.Helper()
	rdb := newClient(t, srv.Options())
	return newBackend(t, rdb, nil), rdb
}

func purge(t testing.TB, b cache.Log, reason string) cache.Position {
	t.Helper()
	pos, err := b.Append(t.Context(), cache.Event{
		Dependencies: []cache.Dependency{cache.Group(reason)}, Reason: reason,
	})
	if err != nil {
		t.Fatalf("Append(%s): %v", reason, err)
	}
	return pos
}

// since returns what the log says after a position, all pages of it.
func since(t testing.TB, b cache.Log, after cache.Position) cache.Events {
	t.Helper()
	all := sincePage(t, b, after)
	for all.More {
		end := all.End()
		next := sincePage(t, b, end)
		if next.End() <= end && next.More {
			t.Fatalf("Since(%d) says that there is more after %d", end, next.End())
		}
		if next.From == end {
			next.From, next.List = all.From, append(all.List, next.List...)
		}
		all = next
	}
	return all
}

func sincePage(t testing.TB, b cache.Log, after cache.Position) cache.Events {
	t.Helper()
	events, err := b.Since(t.Context(), after)
	if err != nil {
		t.Fatalf("Since(%d): %v", after, err)
	}
	return events
}

// wantEra fails unless a process that asks after a position would serve nothing
// stamped at or before last.
func wantEra(t testing.TB, b cache.Log, after, last cache.Position) cache.Events {
	t.Helper()
	events := since(t, b, after)
	if events.From <= last {
		t.Errorf("Since(%d) = Head %d, From %d; want From beyond %d, in a new era", after, events.Head, events.From, last)
	}
	return events
}

// readHead returns what stands under the head's key.
func readHead(t testing.TB, rdb *redis.Client) (pos cache.Position, id string, total uint64) {
	t.Helper()
	var check uint64
	_, err := fmt.Sscan(rdb.Get(t.Context(), headKey).Val(), &pos, &id, &total, &check)
	must(t, err)
	return pos, id, total
}

// eventually calls ok until it is true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not so after 20s", what)
		}
	}
}

// observations collects what a Backend tells.
type observations struct {
	mu  sync.Mutex
	all []rediscache.Observation
}

func (o *observations) add(obs rediscache.Observation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, obs)
}

func (o *observations) count(op rediscache.Op) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, obs := range o.all {
		if obs.Op == op {
			n++
		}
	}
	return n
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// within returns a context that ends after d.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
