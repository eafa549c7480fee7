package coherent_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/engine"
)

// events returns what a log holds.
func events(t *testing.T, l cache.Log) []cache.Event {
	t.Helper()
	var list []cache.Event
	for after := cache.Position(0); ; {
		page, err := l.Since(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, page.List...)
		if after = page.End(); !page.More {
			return list
		}
	}
}

// On every way to purge, a log is given events of bounded size, and those purge what was
// named.
func TestLogIsGivenBoundedEvents(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	many := make([]cache.Dependency, 25_000)
	for i := range many {
		many[i] = cache.Group(fmt.Sprint(i))
	}
	large := make([]cache.Dependency, 9_000)
	for i := range large {
		large[i] = cache.Group(fmt.Sprint(i, strings.Repeat("x", 1000)))
	}
	tests := map[string]struct {
		purged cache.Event
		named  cache.Dependency
		events int
	}{
		"a long name":               {cache.Event{Dependencies: []cache.Dependency{cache.Group(long)}}, cache.Group(long), 1},
		"a long reason and origin":  {cache.Event{Dependencies: []cache.Dependency{"group:a"}, Reason: long, Origin: long}, "group:a", 1},
		"25,000 names":              {cache.Event{Dependencies: many, Reason: "many"}, many[24_999], 3},
		"9,000 names of 1000 bytes": {cache.Event{Dependencies: large}, large[8_999], 2},
		"no name":                   {cache.Event{Reason: "a probe"}, "", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newMemory(t)
			c := newCache(t, b, nil)
			loads := 0
			fetch := func() {
				_, err := coherent.Fetch(t.Context(), c, "k", time.Hour, func(_ context.Context, deps *coherent.Deps) (int, error) {
					loads++
					deps.Add(tt.named)
					return loads, nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			fetch()
			if err := c.Purge(t.Context(), tt.purged); err != nil {
				t.Fatal(err)
			}
			if fetch(); tt.named != "" && loads != 2 {
				t.Errorf("%d loads, want 2: the name was not purged", loads)
			}
			got := events(t, b)
			if len(got) != tt.events {
				t.Errorf("%d events, want %d", len(got), tt.events)
			}
			n := 0
			for _, e := range got {
				bytes := 0
				for _, d := range e.Dependencies {
					bytes += len(d)
					if len(d) > 512 {
						t.Errorf("a name of %d bytes", len(d))
					}
				}
				n += len(e.Dependencies)
				if len(e.Dependencies) > 10_000 || bytes > 4<<20 || len(e.Reason) > 256 || len(e.Origin) > 256 {
					t.Errorf("an event of %d names, %d bytes, a reason of %d and an origin of %d", len(e.Dependencies), bytes, len(e.Reason), len(e.Origin))
				}
			}
			if n != len(tt.purged.Dependencies) {
				t.Errorf("the events name %d dependencies, want %d", n, len(tt.purged.Dependencies))
			}
		})
	}
}

// If one of several events is not recorded, the purge has failed, and says which.
func TestPartOfAPurgeFails(t *testing.T) {
	m := newMemory(t)
	appended := 0
	b := &remote{Backend: m, onAppend: func(context.Context) error {
		if appended++; appended == 2 {
			return errRefused
		}
		return nil
	}}
	c := newCache(t, b, nil)
	many := make([]cache.Dependency, 25_000)
	for i := range many {
		many[i] = cache.Group(fmt.Sprint(i))
	}
	err := c.Purge(t.Context(), cache.Event{Dependencies: many})
	if !errors.Is(err, errRefused) || !strings.Contains(err.Error(), "event 2 of 3") {
		t.Errorf("got %v, want the error of the log, and event 2 of 3", err)
	}
	if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Group(strings.Repeat("x", 1<<20))}}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Two long keys that begin alike are two values, and no key of a store is long.
func TestFetchWithLongKeys(t *testing.T) {
	m := newMemory(t)
	var longest int
	b := &keyed{Backend: m, seen: func(key string) { longest = max(longest, len(key)) }}
	c := newCache(t, b, nil)
	long := strings.Repeat("q", 1<<20)
	for range 2 {
		for _, key := range []string{long + "a", long + "b"} {
			got, err := coherent.Fetch(t.Context(), c, key, time.Hour, func(context.Context, *coherent.Deps) (string, error) { return key[len(key)-1:], nil })
			if err != nil || got != key[len(key)-1:] {
				t.Errorf("got %q, %v; want %q", got, err, key[len(key)-1:])
			}
		}
	}
	if longest > 512 {
		t.Errorf("the store was given a key of %d bytes", longest)
	}
}

// keyed sees the keys that a store is given.
type keyed struct {
	cache.Backend
	seen func(key string)
}

func (k *keyed) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	k.seen(key)
	return k.Backend.Set(ctx, key, value, ttl)
}

// A value that names more than it may is loaded, and neither stored nor shared; so
// is a page that it is part of. What is named many times takes room once.
func TestTooManyDependencies(t *testing.T) {
	c := newCache(t, newMemory(t), nil)
	ctx := t.Context()
	for _, tt := range []struct {
		distinct, times, loads int
	}{{60_000, 1, 1}, {1000, 1000, 1}, {70_000, 1, 2}} {
		loads := 0
		var outer *engine.Fill
		for range 2 {
			outer = c.Engine().Begin()
			_, err := coherent.Fetch(engine.WithFill(ctx, outer), c, fmt.Sprint(tt), time.Hour, func(_ context.Context, deps *coherent.Deps) (int, error) {
				loads++
				for range tt.times {
					for i := range tt.distinct {
						deps.AddGroups(fmt.Sprint(i))
					}
				}
				return 1, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if loads != tt.loads {
			t.Errorf("%+v: %d loads", tt, loads)
		}
		if got, want := outer.TooMany(), tt.loads > 1; got != want {
			t.Errorf("%+v: TooMany of what the value is part of: %v", tt, got)
		}
	}
}
