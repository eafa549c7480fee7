package coherent_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// A logSetBack is a log whose head can be set. It begins an era before any position that is
// ahead of its head.
type logSetBack struct {
	mu   sync.Mutex
	from cache.Position // where the era begins
	list []cache.Event
}

func (l *logSetBack) to(p cache.Position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from, l.list = p, nil
}

func (l *logSetBack) Append(_ context.Context, e cache.Event) (cache.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Position = l.from + cache.Position(len(l.list)) + 1
	l.list = append(l.list, e)
	return e.Position, nil
}

func (l *logSetBack) Since(_ context.Context, after cache.Position) (cache.Events, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	head := l.from + cache.Position(len(l.list))
	if after > head {
		return cache.Events{Head: head, From: head}, nil
	}
	from := max(after, l.from)
	return cache.Events{Head: head, From: from, List: slices.Clone(l.list[from-l.from:])}, nil
}

const year = 365 * 24 * time.Hour

func at(d time.Duration) cache.Position { return cache.Position(time.Now().Add(d).UnixMicro()) }

// The log begins a new era: nothing that was stored before is served.
func TestNewEra(t *testing.T) {
	b := newMemory(t)
	c := newCache(t, cache.Join(newMemory(t), b), nil)
	r := &row{v: 1}
	wantRow(t, c, r, 1, "first")
	r.write(2)
	events, err := b.Since(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Since(t.Context(), events.Head+1000); err != nil { // as if another process had read further
		t.Fatal(err)
	}
	wantRow(t, c, r, 2, "a new era")
}

// A log whose clock was decades ahead begins an era before the position that a process has
// read. The process begins a new view, and goes on.
func TestEraBeforeAnUnreachableOne(t *testing.T) {
	for name, opts := range map[string]coherent.Options{
		"strict":   {},
		"MaxStale": {MaxStale: 20 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			log := &logSetBack{}
			log.to(at(14 * year))
			var mu sync.Mutex
			gaps := 0
			opts.Observe = func(o coherent.Observation) {
				mu.Lock()
				defer mu.Unlock()
				if o.Op == coherent.OpGap {
					gaps++
				}
			}
			store, err := coherent.New(cache.Join(memory.New(nil), log), &opts)
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			loads := 0
			fetch := func() string {
				t.Helper()
				s, err := coherent.Fetch(t.Context(), store, "k", time.Hour, func(_ context.Context, deps *coherent.Deps) (string, error) {
					loads++
					deps.Add(cache.Group("g"))
					return fmt.Sprint("load ", loads), nil
				})
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			if first, second := fetch(), fetch(); first != "load 1" || second != "load 1" {
				t.Fatalf("got %q and %q before, want load 1 twice", first, second)
			}
			log.to(at(0)) // and a purge of g just before is lost
			if opts.MaxStale > 0 {
				time.Sleep(10 * opts.MaxStale)
			}
			if first, second := fetch(), fetch(); first != "load 2" || second != "load 2" {
				t.Errorf("after the log was set back: got %q and %q, want load 2 twice", first, second)
			}
			if err := store.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Group("g")}}); err != nil {
				t.Fatal(err)
			}
			if got := fetch(); got != "load 3" {
				t.Errorf("after a purge in the new era: got %q, want load 3", got)
			}
			mu.Lock()
			defer mu.Unlock()
			if gaps != 1 {
				t.Errorf("Observe was told of %d gaps, want 1", gaps)
			}
		})
	}
}

// A log that goes back in time by less breaks its contract: it is not believed, and nothing
// is served.
func TestEarlierEraIsNotBelieved(t *testing.T) {
	for _, ahead := range []time.Duration{time.Second, time.Hour, 9 * year} {
		log := &logSetBack{}
		log.to(at(ahead))
		var failed error
		store, err := coherent.New(cache.Join(memory.New(nil), log), &coherent.Options{NoBreaker: true, Observe: func(o coherent.Observation) { failed = o.Err }})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		loads := 0
		fetch := func() {
			_, err := coherent.Fetch(t.Context(), store, "k", time.Hour, func(context.Context, *coherent.Deps) (int, error) {
				loads++
				return loads, nil
			})
			if err != nil {
				t.Error(err)
			}
		}
		fetch()
		log.to(at(0) - 1)
		fetch()
		fetch()
		if loads != 3 {
			t.Errorf("ahead by %v: %d loads, want 3: nothing may be served", ahead, loads)
		}
		if failed == nil || errors.Is(failed, cache.ErrClosed) {
			t.Errorf("ahead by %v: Observe was told %v, want the error of the log", ahead, failed)
		}
	}
}
