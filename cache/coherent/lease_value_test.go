package coherent_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
)

// slowText is a value with a hook in its decoding.
type slowText struct{ text string }

var decoding struct {
	sync.Mutex
	hold func()
}

func (s slowText) MarshalJSON() ([]byte, error) { return json.Marshal(s.text) }

func (s *slowText) UnmarshalJSON(b []byte) error {
	decoding.Lock()
	hold := decoding.hold
	decoding.hold = nil
	decoding.Unlock()
	if hold != nil {
		hold()
	}
	return json.Unmarshal(b, &s.text)
}

// A purge comes between the end of a wait for a lease and the end of the flight. Calls that
// begin after the purge are not given the value, even if the purge is soft:
//
//	A makes the value        B waits for A's lease, and finds A's value
//	a purge of it returns
//	R begins                 in B's process, and joins B's flight
//	B ends its flight        with A's value, which is not for R
func TestPurgeBeforeAnAwaitedValueIsGiven(t *testing.T) {
	for name, soft := range map[string]bool{"soft": true, "hard": false} {
		t.Run(name, func(t *testing.T) {
			b := newLeasing(t)
			ours, theirs := process(t, b, time.Minute), process(t, b, time.Minute)
			loading, load := make(chan struct{}), make(chan struct{})
			var all sync.WaitGroup
			all.Go(func() {
				_, _ = coherent.Fetch(t.Context(), theirs, "k", time.Hour, func(_ context.Context, deps *coherent.Deps) (slowText, error) {
					deps.AddGroups("g")
					close(loading)
					<-load
					return slowText{"old"}, nil
				})
			})
			<-loading
			found, goOn := make(chan struct{}), make(chan struct{})
			all.Go(func() {
				_, _ = coherent.Fetch(t.Context(), ours, "k", time.Hour, func(context.Context, *coherent.Deps) (slowText, error) {
					return slowText{"new"}, nil
				})
			})
			time.Sleep(30 * time.Millisecond) // it waits for the lease
			decodes := 0
			var hold func()
			hold = func() {
				if decodes++; decodes == 1 { // by the process that made it
					decoding.Lock()
					decoding.hold = hold
					decoding.Unlock()
					return
				}
				close(found)
				<-goOn
			}
			decoding.Lock()
			decoding.hold = hold
			decoding.Unlock()
			close(load)
			<-found
			if err := theirs.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Group("g")}, Soft: soft}); err != nil {
				t.Fatal(err)
			}
			all.Go(func() {
				got, err := coherent.Fetch(t.Context(), ours, "k", time.Hour, func(context.Context, *coherent.Deps) (slowText, error) {
					return slowText{"new"}, nil
				})
				if err != nil || got.text != "new" {
					t.Errorf("Fetch after the purge: got %q, %v; want new", got.text, err)
				}
			})
			time.Sleep(30 * time.Millisecond) // it has joined
			close(goOn)
			all.Wait()
		})
	}
}

// A call that waits for a flight gets the dependencies of its value, also if another
// process has made it: a page that shows it is purged with it.
func TestDependenciesOfAnAwaitedValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLeasing(t)
		ours, theirs := process(t, b, time.Minute), process(t, b, time.Minute)
		rows := func(value string) func(context.Context, *coherent.Deps) (string, error) {
			return func(_ context.Context, deps *coherent.Deps) (string, error) {
				deps.AddGroups("g")
				time.Sleep(time.Second)
				return value, nil
			}
		}
		value := "old"
		page := func(name string) (string, error) {
			return coherent.Fetch(t.Context(), ours, name, time.Hour, func(ctx context.Context, _ *coherent.Deps) (string, error) {
				return coherent.Fetch(ctx, ours, "rows", time.Hour, rows(value))
			})
		}
		var all sync.WaitGroup
		all.Go(func() { _, _ = coherent.Fetch(t.Context(), theirs, "rows", time.Hour, rows("old")) })
		time.Sleep(100 * time.Millisecond)
		pages := []string{"leads", "waits", "waits, too"}
		for _, name := range pages {
			all.Go(func() {
				if got, err := page(name); got != "old" || err != nil {
					t.Errorf("%s: got %q, %v; want old", name, got, err)
				}
			})
			time.Sleep(100 * time.Millisecond)
		}
		all.Wait()
		value = "new"
		if err := theirs.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.Group("g")}}); err != nil {
			t.Fatal(err)
		}
		for _, name := range pages {
			if got, err := page(name); got != "new" || err != nil {
				t.Errorf("the page that %s, after the purge: got %q, %v; want new", name, got, err)
			}
		}
	})
}
