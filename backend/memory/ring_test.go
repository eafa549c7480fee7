package memory

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
)

// all returns what the log says after a position, all pages of it.
func all(t *testing.T, l *Log, after cache.Position) (cache.Events, error) {
	t.Helper()
	ev, err := l.Since(t.Context(), after)
	for err == nil && ev.More {
		var next cache.Events
		if next, err = l.Since(t.Context(), ev.End()); next.From != ev.End() {
			t.Fatalf("Since(%d): From %d", ev.End(), next.From)
		}
		next.From, next.List = ev.From, append(ev.List, next.List...)
		ev = next
	}
	return ev, err
}

func TestLogKeepsTheNewest(t *testing.T) {
	l := NewLog(&LogOptions{MaxEvents: 100})
	start := l.Head()
	for i := range 1050 {
		if _, err := l.Append(t.Context(), cache.Event{Reason: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
		kept := cache.Position(min(i+1, 100))
		ev, err := all(t, l, start)
		if err != nil || ev.Head != l.Head() || ev.From != l.Head()-kept || len(ev.List) != int(kept) {
			t.Fatalf("Since after %d events: got Head %d, From %d, %d events, %v; want %d events", i+1, ev.Head, ev.From, len(ev.List), err, kept)
		}
		for j, e := range ev.List {
			if want := fmt.Sprint(i + 1 - int(kept) + j); e.Reason != want || e.Position != ev.From+cache.Position(j)+1 {
				t.Fatalf("event %d of %d is %q at %d, want %q at %d", j, i+1, e.Reason, e.Position, want, ev.From+cache.Position(j)+1)
			}
		}
	}
}

func TestLogBytesBound(t *testing.T) {
	l := NewLog(&LogOptions{MaxBytes: 10_000})
	for i := range 1000 {
		if _, err := l.Append(t.Context(), cache.Event{
			Dependencies: []cache.Dependency{cache.Group(strings.Repeat("x", i%500))},
		}); err != nil {
			t.Fatal(err)
		}
		var sum int64
		ev, _ := all(t, l, 0)
		for _, e := range ev.List {
			sum += eventBytes(e)
		}
		if sum > 10_000 || sum != l.ring.bytes || len(ev.List) == 0 {
			t.Fatalf("after %d events: %d are kept, of %d bytes, the books say %d; the bound is 10000", i+1, len(ev.List), sum, l.ring.bytes)
		}
	}
	// One that exceeds the bound alone is still told to processes that are up to date.
	head := l.Head()
	if _, err := l.Append(t.Context(), cache.Event{Reason: strings.Repeat("x", 20_000)}); err != nil {
		t.Fatal(err)
	}
	if ev, err := l.Since(t.Context(), head); err != nil || ev.From != head || len(ev.List) != 1 {
		t.Errorf("Since(%d) after a large event: got From %d, %d events, %v; want From %d, 1 event", head, ev.From, len(ev.List), err, head)
	}
}

// A response that was stored by an earlier life of the process, in a store that
// outlived it, is older than everything the log says.
func TestLogStartsBeyondItsEarlierLife(t *testing.T) {
	first := NewLog(nil)
	for range 100 {
		if _, err := first.Append(t.Context(), cache.Event{}); err != nil {
			t.Fatal(err)
		}
	}
	// It took longer than 100 µs to get here, or will have.
	for deadline := time.Now().Add(time.Second); present() <= first.Head() && time.Now().Before(deadline); {
		time.Sleep(10 * time.Microsecond)
	}
	if second := NewLog(nil); second.Head() <= first.Head() {
		t.Errorf("the second life starts at %d, the first ended at %d", second.Head(), first.Head())
	}
}

func TestLogRunsOutOfPositions(t *testing.T) {
	l := NewLog(nil)
	if ev, err := l.Since(t.Context(), math.MaxUint64); !errors.Is(err, errExhausted) {
		t.Errorf("Since(MaxUint64): got %+v, %v, want %v", ev, err, errExhausted)
	}
	if ev, err := l.Since(t.Context(), math.MaxUint64-1); ev.Head != math.MaxUint64 || err != nil {
		t.Errorf("Since(MaxUint64-1): got %+v, %v, want an era at MaxUint64", ev, err)
	}
	if p, err := l.Append(t.Context(), cache.Event{}); !errors.Is(err, errExhausted) {
		t.Errorf("Append after MaxUint64: got %d, %v, want %v", p, err, errExhausted)
	}
}
