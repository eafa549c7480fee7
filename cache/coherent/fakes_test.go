package coherent_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/enginetest"
)

const budget = 50 * time.Millisecond

func newMemory(t *testing.T) *memory.Backend {
	t.Helper()
	b := memory.New(nil)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func newSwitched(t *testing.T) *enginetest.Switched { return enginetest.NewSwitched(newMemory(t)) }

func newCache(t *testing.T, b cache.Backend, opts *coherent.Options) *coherent.Cache {
	t.Helper()
	c, err := coherent.New(b, opts)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func purge(t *testing.T, c *coherent.Cache, deps ...cache.Dependency) {
	t.Helper()
	if err := c.Purge(t.Context(), cache.Event{Dependencies: deps}); err != nil {
		t.Fatalf("Purge(%v): %v", deps, err)
	}
}

// A row is a record of a database, which loads read.
type row struct {
	mu sync.Mutex
	v  int
}

func (r *row) read() int { r.mu.Lock(); defer r.mu.Unlock(); return r.v }

func (r *row) write(v int) { r.mu.Lock(); defer r.mu.Unlock(); r.v = v }

func group() cache.Dependency { return cache.Group("row") }

func fetchRow(ctx context.Context, c *coherent.Cache, r *row) (int, error) {
	return coherent.Fetch(ctx, c, "row", time.Minute, func(_ context.Context, deps *coherent.Deps) (int, error) {
		v := r.read()
		deps.Add(group())
		return v, nil
	})
}

func wantRow(t *testing.T, c *coherent.Cache, r *row, want int, when string) {
	t.Helper()
	got, err := fetchRow(t.Context(), c, r)
	if err != nil || got != want {
		t.Errorf("%s: got %d, %v; want %d", when, got, err, want)
	}
}

// A notebook keeps observations.
type notebook struct {
	mu  sync.Mutex
	all []coherent.Observation
}

func (n *notebook) note(o coherent.Observation) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, o)
}

func (n *notebook) ops() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	ops := make([]string, len(n.all))
	for i, o := range n.all {
		ops[i] = string(o.Op)
	}
	return strings.Join(ops, " ")
}

// panicked reports whether Observe was told of a panic.
func (n *notebook) panicked() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, o := range n.all {
		if errors.Is(o.Err, cache.ErrPanic) {
			return true
		}
	}
	return false
}

// visit fetches the row as a visitor, and fails unless that takes exactly wait.
func visit(t *testing.T, c *coherent.Cache, r *row, want int, wait time.Duration, when string) {
	t.Helper()
	start := time.Now()
	got, err := fetchRow(enginetest.Visitor(t.Context()), c, r)
	if err != nil || got != want {
		t.Errorf("%s: got %d, %v; want %d", when, got, err, want)
	}
	if d := time.Since(start); d != wait {
		t.Errorf("%s: took %v, want %v", when, d, wait)
	}
}
