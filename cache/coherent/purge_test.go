package coherent_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/enginetest"
)

// events returns all events of a log.
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

// A log is given events of bounded size, which purge everything that was named.
func TestPurgesAreBounded(t *testing.T) {
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

// If one of several events is not recorded, the purge fails, and its error says which.
func TestOneEventOfAPurgeFails(t *testing.T) {
	m := newMemory(t)
	appended := 0
	b := &enginetest.Remote{Backend: m, OnAppend: func(context.Context) error {
		if appended++; appended == 2 {
			return enginetest.ErrRefused
		}
		return nil
	}}
	c := newCache(t, b, nil)
	many := make([]cache.Dependency, 25_000)
	for i := range many {
		many[i] = cache.Group(fmt.Sprint(i))
	}
	err := c.Purge(t.Context(), cache.Event{Dependencies: many})
	if !errors.Is(err, enginetest.ErrRefused) || !strings.Contains(err.Error(), "event 2 of 3") {
		t.Errorf("got %v, want the error of the log, and event 2 of 3", err)
	}
	if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Group(strings.Repeat("x", 1<<20))}}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A value with too many dependencies is neither stored nor shared, nor is an outer value.
// A repeated name counts once.
func TestTooManyDependencies(t *testing.T) {
	c := newCache(t, newMemory(t), nil)
	ctx := t.Context()
	for _, tt := range []struct {
		distinct, times, loads int
	}{{60_000, 1, 1}, {1000, 1000, 1}, {70_000, 1, 2}} {
		loads := 0
		tooMany := false
		for i := range 2 {
			_, err := coherent.Fetch(ctx, c, fmt.Sprint(tt, " outer ", i), time.Hour, func(ctx context.Context, outer *coherent.Deps) (int, error) {
				defer func() { tooMany = outer.TooMany() }()
				return coherent.Fetch(ctx, c, fmt.Sprint(tt), time.Hour, func(_ context.Context, deps *coherent.Deps) (int, error) {
					loads++
					for range tt.times {
						for i := range tt.distinct {
							deps.AddGroups(fmt.Sprint(i))
						}
					}
					return 1, nil
				})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if loads != tt.loads {
			t.Errorf("%+v: %d loads", tt, loads)
		}
		if want := tt.loads > 1; tooMany != want {
			t.Errorf("%+v: TooMany of the outer value: %v", tt, tooMany)
		}
	}
}

// A load that is called without Fetch may be given a zero Deps.
func TestZeroDeps(t *testing.T) {
	var deps coherent.Deps
	deps.Add(group())
	deps.AddGroups("a", "b")
	if deps.TooMany() {
		t.Error("three dependencies are too many")
	}
}

// The origin of an event is what the caller says, or the option, or the process.
func TestOriginOfPurges(t *testing.T) {
	host, _ := os.Hostname()
	for _, tt := range []struct{ option, event, want string }{
		{"", "", fmt.Sprint(host, ":", os.Getpid())},
		{"web-1", "", "web-1"},
		{"web-1", "ada", "ada"},
		{"", "ada", "ada"},
	} {
		b := memory.New(nil)
		c, err := coherent.New(b, &coherent.Options{Origin: tt.option})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.All}, Origin: tt.event}); err != nil {
			t.Fatal(err)
		}
		events, err := b.Since(t.Context(), 0)
		if err != nil || len(events.List) != 1 || events.List[0].Origin != tt.want {
			t.Errorf("option %q, event %q: the log has %+v, %v; want one event of %q", tt.option, tt.event, events.List, err, tt.want)
		}
	}
}

// A value and a purge may spell the slashes of a path differently.
func TestPurgeInAnotherSpelling(t *testing.T) {
	encoded, decoded, half := cache.Path("/a%2Fb%2Fc"), cache.Path("/a/b/c"), cache.Path("/a%2Fb/c")
	for _, tt := range []struct {
		of, purged cache.Dependency
		want       int
	}{
		{encoded, encoded, 2}, {encoded, decoded, 2}, {decoded, encoded, 2}, {encoded, half, 2}, {half, encoded, 2},
		{decoded, cache.Path("/a%252Fb%252Fc"), 1}, {cache.Group("a%2Fb"), cache.Group("a/b"), 1},
	} {
		c := newCache(t, newMemory(t), nil)
		loads := 0
		for range 2 {
			_, err := coherent.Fetch(t.Context(), c, "k", 0, func(_ context.Context, deps *coherent.Deps) (int, error) {
				loads++
				deps.Add(tt.of)
				return loads, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if loads == 1 {
				purge(t, c, tt.purged)
			}
		}
		if loads != tt.want {
			t.Errorf("a value that depends on %q, after a purge of %q: loaded %d times, want %d", tt.of, tt.purged, loads, tt.want)
		}
	}
}
