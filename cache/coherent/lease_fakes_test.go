package coherent_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// leasing is a store with leases that processes share. Every call about a lease fails with
// fail, if that is set.
type leasing struct {
	cache.Backend
	mu    sync.Mutex
	held  map[string]lease
	fail  error
	calls atomic.Int64
}

type lease struct {
	holder string
	until  time.Time
}

func newLeasing(t *testing.T) *leasing {
	m := memory.New(nil)
	t.Cleanup(func() { _ = m.Close() })
	return &leasing{Backend: struct{ cache.Backend }{m}, held: map[string]lease{}}
}

func (l *leasing) Lease(_ context.Context, key, holder string, ttl time.Duration) (string, error) {
	l.calls.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return "", l.fail
	}
	if had, ok := l.held[key]; ok && time.Now().Before(had.until) {
		return had.holder, nil
	}
	l.held[key] = lease{holder, time.Now().Add(ttl)}
	return holder, nil
}

func (l *leasing) Release(_ context.Context, key, holder string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[key].holder == holder {
		delete(l.held, key)
	}
	return l.fail
}

func (l *leasing) leases() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.held)
}

// process returns the Cache of one of several processes that share b.
func process(t *testing.T, b cache.Backend, ttl time.Duration) *coherent.Cache {
	t.Helper()
	c, err := coherent.New(b, &coherent.Options{Lease: ttl})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// fetchAll fetches one key 25 times in each process, all at once. It returns how long that
// took.
func fetchAll(t *testing.T, processes []*coherent.Cache, load func(context.Context, *coherent.Deps) (string, error)) time.Duration {
	t.Helper()
	began := time.Now()
	var callers sync.WaitGroup
	for _, c := range processes {
		for range 25 {
			callers.Go(func() {
				if got, err := coherent.Fetch(t.Context(), c, "k", time.Hour, load); err != nil || got != "v" {
					t.Errorf("Fetch: got %q, %v; want v", got, err)
				}
			})
		}
	}
	callers.Wait()
	return time.Since(began)
}

// stored returns the value that Fetch has stored under key.
func stored(t *testing.T, c *coherent.Cache, key string) string {
	t.Helper()
	got, err := coherent.Fetch(t.Context(), c, key, time.Hour, func(context.Context, *coherent.Deps) (string, error) {
		return "", errors.New("not stored")
	})
	if err != nil {
		return err.Error()
	}
	return got
}
