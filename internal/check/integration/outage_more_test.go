package integration_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/internal/redistest"
)

// A Redis that is full and may not evict still serves hits, and is purged. What
// it can't store is served by the handler.
func TestFullRedis(t *testing.T) {
	b := newBed(t, bedOptions{})
	b.visit("/blog/", 1, outageTimeout)
	b.wantHit("/blog/", 1)
	limit := func(bytes string) { b.must(b.ctl.ConfigSet(t.Context(), "maxmemory", bytes).Err()) }

	limit("1")
	fills := b.fills.Load()
	const visits = 20
	for i := range visits {
		b.visit(fmt.Sprintf("/more/%d/", i), 1, outageTimeout)
	}
	if n := b.fills.Load() - fills; n != visits {
		t.Errorf("%d visits to pages that can't be stored were answered by the handler %d times", visits, n)
	}
	if b.seen.count(coherent.OpSet) == 0 {
		t.Error("Observe was not told of fills that could not be stored")
	}
	b.wantHit("/blog/", 1)
	b.must(b.save(b.pages))
	purged := b.version.Load()
	for range visits {
		b.visit("/blog/", purged, outageTimeout)
	}

	limit("0")
	b.wantHit("/blog/", purged)
	b.wantHit("/more/0/", purged)
}

// Connections that are killed all the time cost hits, not pages; and nothing that
// was purged is served.
func TestKilledConnections(t *testing.T) {
	b := newBed(t, bedOptions{})
	stop := make(chan struct{})
	var killer sync.WaitGroup
	killer.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				_ = b.ctl.Do(context.Background(), "client", "kill", "type", "normal", "skipme", "yes").Err()
			}
		}
	})
	for range 50 {
		if b.save(b.other) != nil {
			continue // it says so
		}
		purged := b.version.Load()
		for range 10 {
			b.visit("/blog/", purged, outageTimeout)
		}
	}
	close(stop)
	killer.Wait()
	eventually(t, "others can purge", func() bool { return b.save(b.other) == nil })
	purged := b.version.Load()
	b.visit("/blog/", purged, outageTimeout)
	b.wantHit("/blog/", purged)
}

// A process that starts while nobody answers is back as soon as any other, and
// not when the time has passed that it gives to reading the log.
func TestStartInAnOutage(t *testing.T) {
	for name, join := range map[string]func(t *testing.T, b *rediscache.Backend) cache.Backend{
		"pages and log in Redis": func(_ *testing.T, b *rediscache.Backend) cache.Backend { return b },
		"the log only":           func(t *testing.T, b *rediscache.Backend) cache.Backend { return cache.Join(inMemory(t, nil), b) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, bedOptions{})
			b.visit("/blog/", 1, outageTimeout)
			b.proxy.Lose()

			opts := b.srv.Options()
			opts.Addr = b.proxy.Addr
			rdb := redis.NewClient(opts)
			t.Cleanup(func() { rdb.Close() })
			backend, err := rediscache.New(rdb, nil)
			b.must(err)
			b.seen = new(observed)
			b.pages = b.cacheOver(join(t, backend), &coherent.Options{Timeout: outageTimeout, Observe: b.seen.note})
			b.h = b.pages.Handler(http.HandlerFunc(b.render))

			began := time.Now()
			for time.Since(began) < 5*time.Second { // long enough to give the log ten seconds
				b.visit("/blog/", 1, outageTimeout)
				time.Sleep(10 * time.Millisecond)
			}
			if !b.seen.away() {
				t.Fatal("the breaker is not open")
			}
			b.must(b.save(b.other))
			purged := b.version.Load()
			b.proxy.Thaw()
			over := time.Now()
			b.wantHit("/blog/", purged)
			back := time.Since(over)
			t.Logf("the first hit came %v after the end", back)
			if back > 2*time.Second+slack {
				t.Errorf("the first hit came %v after the end, want about a second", back)
			}
		})
	}
}

// While a node of a cluster hangs, pages on the others are hits, and those on it
// are served by the handler.
func TestHungNodeOfACluster(t *testing.T) {
	c := redistest.NewCluster(t, redistest.ClusterConfig{Args: []string{"--cluster-require-full-coverage", "no"}})
	connect := func() *redis.ClusterClient {
		rdb := redis.NewClusterClient(c.Options())
		t.Cleanup(func() { rdb.Close() })
		return rdb
	}
	b := &bed{t: t, seen: new(observed)}
	b.pages = b.cacheOn(connect(), &coherent.Options{Timeout: outageTimeout, Observe: b.seen.note})
	b.h = b.pages.Handler(http.HandlerFunc(b.render))
	b.version.Store(1)
	const pages = 40
	hits := func(oldest int64) (n int) {
		for i := range pages {
			if hit, _ := b.visit(fmt.Sprintf("/more/%d/", i), oldest, outageTimeout); hit {
				n++
			}
		}
		return n
	}
	all := func(oldest int64) {
		t.Helper()
		eventually(t, "all pages are hits", func() bool { return hits(oldest) == pages })
	}
	all(1)

	log, err := connect().MasterForKey(t.Context(), "uncache:{log}:head")
	b.must(err)
	var hung *redistest.Server
	for _, m := range c.Masters {
		if m.Addr != log.Options().Addr {
			hung = m
		}
	}
	b.must(hung.Pause())
	stop := b.others(pages)
	t.Cleanup(stop)
	eventually(t, "a quarter of the pages are hits beside a node that hangs", func() bool {
		n := hits(1)
		if n == pages {
			t.Fatal("all pages are hits: none is on the node that hangs")
		}
		return n >= pages/4
	})
	stop()
	b.must(b.save(b.pages))
	hits(b.version.Load())
	b.must(hung.Resume())
	all(b.version.Load())
}

// others are visitors who ask for pages all the time, until they are stopped. A
// lookup that fails beside theirs, which are answered, says nothing about the
// backend; a lone visitor's opens the breaker for a moment.
func (b *bed) others(pages int) (stop func()) {
	const visitors = 4
	over := make(chan struct{})
	var wg sync.WaitGroup
	for range visitors {
		wg.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				b.h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", fmt.Sprintf("/more/%d/", rand.IntN(pages)), nil))
			}
		})
	}
	return sync.OnceFunc(func() {
		close(over)
		wg.Wait()
	})
}
