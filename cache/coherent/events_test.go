package coherent_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// Who purged what, when and why.
func ExampleCache_Events() {
	backend := memory.New(nil)
	defer backend.Close()
	store, err := coherent.New(backend, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	ctx := context.Background()
	for _, e := range []cache.Event{
		{Dependencies: []cache.Dependency{cache.Group("author:ada")}, Reason: "blog.Post 42 saved", Origin: "web-1"},
		{Dependencies: []cache.Dependency{cache.Group("author:bob")}, Reason: "blog.Post 43 saved", Origin: "web-2"},
	} {
		if err := store.Purge(ctx, e); err != nil {
			fmt.Println(err)
		}
	}

	for e, err := range store.Events(ctx, 0, cache.Group("author:ada")) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.Origin, e.Reason, e.Dependencies)
	}
	// Output:
	// web-1 blog.Post 42 saved [group:author:ada]
}

// paged answers with two events at a time, or fails.
type paged struct {
	cache.Backend
	fails atomic.Bool
}

var errDead = errors.New("the line is dead")

func (p *paged) Since(ctx context.Context, after cache.Position) (cache.Events, error) {
	if p.fails.Load() {
		return cache.Events{}, errDead
	}
	events, err := p.Backend.Since(ctx, after)
	if len(events.List) > 2 {
		events.List, events.More = events.List[:2], true
	}
	return events, err
}

func purges(t *testing.T, c *coherent.Cache, n int) {
	t.Helper()
	for i := range n {
		e := cache.Event{Dependencies: []cache.Dependency{cache.Group(fmt.Sprint(i % 3))}, Reason: fmt.Sprint(i)}
		if i == 4 {
			e.Dependencies = []cache.Dependency{cache.All}
		}
		if err := c.Purge(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
}

// reasons collects the reasons of events, and the error at their end.
func reasons(c *coherent.Cache, ctx context.Context, after cache.Position, deps ...cache.Dependency) (all []string, err error) {
	for e, failed := range c.Events(ctx, after, deps...) {
		if failed != nil {
			err = failed
			continue
		}
		all = append(all, e.Reason)
	}
	return all, err
}

func TestEvents(t *testing.T) {
	m := memory.New(nil)
	defer m.Close()
	log := &paged{Backend: struct{ cache.Backend }{m}}
	c, err := coherent.New(log, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	purges(t, c, 7)
	ctx := t.Context()
	all, err := reasons(c, ctx, 0)
	if want := []string{"0", "1", "2", "3", "4", "5", "6"}; err != nil || !slices.Equal(all, want) {
		t.Errorf("all events: %q, %v, want %q", all, err, want)
	}
	some, err := reasons(c, ctx, 0, cache.Group("1"))
	if want := []string{"1", "4"}; err != nil || !slices.Equal(some, want) {
		t.Errorf("of group 1: %q, %v, want %q: what it names, and All", some, err, want)
	}
	var first cache.Position
	for e := range c.Events(ctx, 0) {
		first = e.Position
		break
	}
	if rest, err := reasons(c, ctx, first+4); err != nil || !slices.Equal(rest, []string{"5", "6"}) {
		t.Errorf("after the fifth: %q, %v", rest, err)
	}
	log.fails.Store(true)
	if got, err := reasons(c, ctx, 0); !errors.Is(err, errDead) || len(got) != 0 {
		t.Errorf("of a log that fails: %q, %v", got, err)
	}
}

// A log begins a new era when it is asked for what comes after its head, and nothing stored
// is served any more. So it is not asked.
func TestEventsBeyondTheHead(t *testing.T) {
	for name, wrap := range map[string]func(cache.Backend) cache.Backend{
		"in memory": func(b cache.Backend) cache.Backend { return b },
		"far":       func(b cache.Backend) cache.Backend { return struct{ cache.Backend }{b} },
	} {
		t.Run(name, func(t *testing.T) {
			m := memory.New(nil)
			defer m.Close()
			c, err := coherent.New(wrap(m), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			purges(t, c, 3)
			head := m.Head()
			for _, after := range []cache.Position{head, head + 1, 1 << 52, 1<<64 - 1} {
				if got, err := reasons(c, t.Context(), after); err != nil || len(got) != 0 {
					t.Errorf("after %d: %q, %v, want nothing", after, got, err)
				}
			}
			if m.Head() != head {
				t.Errorf("the head is %d, and was %d: a new era has begun", m.Head(), head)
			}
		})
	}
}

func TestEventsOfClosedCache(t *testing.T) {
	m := memory.New(nil)
	defer m.Close()
	c, err := coherent.New(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	if _, err := reasons(c, t.Context(), 0); !errors.Is(err, cache.ErrClosed) {
		t.Errorf("error %v, want cache.ErrClosed", err)
	}
}
