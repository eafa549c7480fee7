package coherent_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/enginetest"
)

func TestNewChecksOptions(t *testing.T) {
	b := newMemory(t)
	for name, tt := range map[string]struct {
		b    cache.Backend
		opts coherent.Options
		says string // at its beginning
	}{
		"no backend":               {nil, coherent.Options{}, "coherent: New: the backend is nil"},
		"a nil *memory.Backend":    {(*memory.Backend)(nil), coherent.Options{}, "coherent: New: the backend is nil"},
		"negative MaxStale":        {b, coherent.Options{MaxStale: -1}, "coherent: Options.MaxStale: -1ns is less than 1ms"},
		"MaxStale too short":       {b, coherent.Options{MaxStale: time.Microsecond}, "coherent: Options.MaxStale: 1µs is less than 1ms"},
		"negative MaxDependencies": {b, coherent.Options{MaxDependencies: -1}, "coherent: Options.MaxDependencies: -1 is not from 0 to 268435456"},
		"negative Timeout":         {b, coherent.Options{Timeout: -1}, "coherent: Options.Timeout: -1ns is less than 1ms"},
		"Timeout too short":        {b, coherent.Options{Timeout: 1}, "coherent: Options.Timeout: 1ns is less than 1ms"},
		"negative Lease":           {b, coherent.Options{Lease: -1}, "coherent: Options.Lease: -1ns is less than 1ms"},
		"Lease too short":          {b, coherent.Options{Lease: 1}, "coherent: Options.Lease: 1ns is less than 1ms"},
		"Lease nearly long enough": {b, coherent.Options{Lease: time.Millisecond - 1}, "coherent: Options.Lease: 999.999µs is less than 1ms"},
		"negative CollapseTimeout": {b, coherent.Options{CollapseTimeout: -1}, "coherent: Options.CollapseTimeout: -1ns is less than 1ms"},
	} {
		_, err := coherent.New(tt.b, &tt.opts)
		if !errors.Is(err, coherent.ErrOptions) || !strings.HasPrefix(err.Error(), tt.says) {
			t.Errorf("%s: got error %v, want ErrOptions that says %q", name, err, tt.says)
		}
	}
}

// The same story with each kind of backend.
func TestHitUntilPurged(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) cache.Backend{
		"memory": func(t *testing.T) cache.Backend { return newMemory(t) },
		"remote": func(t *testing.T) cache.Backend { return &enginetest.Remote{Backend: newMemory(t)} },
		"joined": func(t *testing.T) cache.Backend { return cache.Join(newMemory(t), memory.NewLog(nil)) },
		"bytes in memory, remote log": func(t *testing.T) cache.Backend {
			return cache.Join(newMemory(t), &enginetest.Remote{Backend: newMemory(t)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCache(t, open(t), nil)
			r := &row{v: 1}
			wantRow(t, c, r, 1, "first fetch")
			r.write(2)
			wantRow(t, c, r, 1, "changed, not purged: a hit")
			purge(t, c, cache.Group("other"))
			wantRow(t, c, r, 1, "another group purged: a hit")
			purge(t, c, group())
			wantRow(t, c, r, 2, "purged")
			r.write(3)
			wantRow(t, c, r, 2, "changed again: a hit")
			purge(t, c, cache.All)
			wantRow(t, c, r, 3, "all purged")
			if err := c.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{group()}, Soft: true}); err != nil {
				t.Fatal(err)
			}
			r.write(4)
			wantRow(t, c, r, 4, "softly purged: Fetch returns no stale values")
		})
	}
}

// The race of design.md §2, with the fill's group named after the purge.
func TestFillThatBeganBeforeAPurge(t *testing.T) {
	for _, late := range []bool{false, true} {
		c := newCache(t, newMemory(t), nil)
		r := &row{v: 1}
		read, goOn := make(chan struct{}), make(chan struct{})
		done := make(chan int)
		go func() {
			v, _ := coherent.Fetch(t.Context(), c, "row", time.Minute, func(_ context.Context, deps *coherent.Deps) (int, error) {
				if !late {
					deps.Add(group())
				}
				v := r.read()
				close(read)
				<-goOn
				if late {
					deps.Add(group())
				}
				return v, nil
			})
			done <- v
		}()
		<-read
		r.write(2)
		purge(t, c, group())
		if !late {
			// The fill under way has named the group, so this call does not wait for
			// it.
			wantRow(t, c, r, 2, "asked after the purge, while the old fill renders")
		}
		close(goOn)
		if v := <-done; v != 1 {
			t.Errorf("the request that began before the save: got %d, want 1", v)
		}
		wantRow(t, c, r, 2, "asked after the old fill has stored")
	}
}

func TestBypass(t *testing.T) {
	c := newCache(t, newMemory(t), nil)
	r := &row{v: 1}
	wantRow(t, c, r, 1, "first fetch")
	r.write(2)
	if v, err := fetchRow(cache.WithBypass(t.Context()), c, r); v != 2 || err != nil {
		t.Errorf("in a transaction: got %d, %v; want the uncommitted 2", v, err)
	}
	wantRow(t, c, r, 1, "outside: a value read in a transaction is not stored")
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &enginetest.Remote{Backend: newMemory(t)}
		c, err := coherent.New(b, &coherent.Options{MaxStale: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		r := &row{v: 1}
		wantRow(t, c, r, 1, "first")
		if err := errors.Join(c.Close(), c.Close()); err != nil {
			t.Errorf("Close twice: %v", err)
		}
		r.write(2)
		wantRow(t, c, r, 2, "closed")
		purge(t, c, group())
		// synctest fails the test if the background reader is still there.
	})
}

func TestNegativeTTL(t *testing.T) {
	c := newCache(t, newMemory(t), nil)
	_, err := coherent.Fetch(t.Context(), c, "k", -1, func(context.Context, *coherent.Deps) (int, error) { return 1, nil })
	if !errors.Is(err, cache.ErrTTL) {
		t.Errorf("got %v, want %v", err, cache.ErrTTL)
	}
}
