package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/uncache/uncache/cache"
)

func event(pos cache.Position, deps ...cache.Dependency) cache.Event {
	return cache.Event{Position: pos, Dependencies: deps}
}

func soft(e cache.Event) cache.Event { e.Soft = true; return e }

func hashes(deps ...cache.Dependency) []uint64 {
	var d Deps
	d.Add(deps...)
	return d.Hashes()
}

func TestJudge(t *testing.T) {
	a, b := cache.Path("/a"), cache.Path("/b")
	// The log began at 10.
	log := cache.Events{From: 10, Head: 16, List: []cache.Event{
		event(11, a),
		event(12),
		soft(event(13, b)),
		event(14, a, b),
		soft(event(15, cache.All)),
		soft(event(16, a)),
	}}
	tests := []struct {
		name  string
		stamp cache.Position
		deps  []cache.Dependency
		want  Verdict
	}{
		{"before the log began", 9, nil, Purged},
		{"at its beginning, nothing named, but all softly", 10, nil, SoftPurged},
		{"named later", 13, []cache.Dependency{a}, Purged},
		{"named by the event at the stamp, and softly later", 14, []cache.Dependency{b}, SoftPurged},
		{"stamped at the soft purge of all", 15, []cache.Dependency{b}, Fresh},
		{"softly named later", 15, []cache.Dependency{b, a}, SoftPurged},
		{"stamped at the head", 16, []cache.Dependency{a, b}, Fresh},
		{"stamped beyond the head", 17, nil, Purged},
	}
	w := newView(100)
	w.apply(log)
	for _, tt := range tests {
		if got, _ := w.judge(tt.stamp, hashes(tt.deps...)); got != tt.want {
			t.Errorf("%s: stamp %d, deps %v: got %v, want %v", tt.name, tt.stamp, tt.deps, got, tt.want)
		}
	}
}

func TestPurgeOfAllRaisesTheFloor(t *testing.T) {
	w := newView(100)
	w.apply(cache.Events{From: 1, Head: 3, List: []cache.Event{event(2, cache.Path("/a")), event(3, cache.All)}})
	if got, _ := w.judge(2, nil); got != Purged {
		t.Errorf("stamped before a purge of all: got %v, want %v", got, Purged)
	}
	if got, _ := w.judge(3, hashes(cache.Path("/a"))); got != Fresh {
		t.Errorf("stamped at a purge of all: got %v, want %v", got, Fresh)
	}
}

func TestGapRaisesTheFloor(t *testing.T) {
	w := newView(100)
	w.apply(cache.Events{From: 10, Head: 10})
	if gap := w.apply(cache.Events{From: 20, Head: 21, List: []cache.Event{event(21, cache.Path("/a"))}}); !gap {
		t.Error("events 11 to 20 are missing: apply reports no gap")
	}
	for stamp, want := range map[cache.Position]Verdict{10: Purged, 19: Purged, 20: Fresh, 21: Fresh} {
		if got, _ := w.judge(stamp, nil); got != want {
			t.Errorf("stamp %d after a gap up to 20: got %v, want %v", stamp, got, want)
		}
	}
}

func TestPagesInAnyOrder(t *testing.T) {
	a := cache.Path("/a")
	w := newView(100)
	w.apply(cache.Events{From: 1, Head: 1})
	w.apply(cache.Events{From: 1, Head: 3, List: []cache.Event{event(2, a), event(3)}})
	// A read that began earlier comes late.
	w.apply(cache.Events{From: 1, Head: 2, List: []cache.Event{event(2, a)}})
	if got := w.position(); got != 3 {
		t.Errorf("position: got %d, want 3: an older answer took the view back", got)
	}
	if got, _ := w.judge(1, hashes(a)); got != Purged {
		t.Errorf("named at 2, stamped at 1: got %v, want %v", got, Purged)
	}
}

// Whatever its bound, a view never calls a value fresh that the whole history names later.
// With room for all names, it never refuses one that the history does not name.
func TestViewAgainstTheWholeHistory(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		limit := 1 << 20
		if seed%2 == 0 {
			limit = 1 + rng.IntN(20)
		}
		w := newView(limit)
		names := make([]cache.Dependency, 12)
		for i := range names {
			names[i] = cache.Group(fmt.Sprint(i))
		}
		const start = 1000
		w.apply(cache.Events{From: start, Head: start})
		var history []cache.Event
		head := cache.Position(start)
		for range 60 {
			var list []cache.Event
			for range rng.IntN(4) {
				head++
				e := cache.Event{Position: head, Soft: rng.IntN(4) == 0}
				for range rng.IntN(3) {
					e.Dependencies = append(e.Dependencies, names[rng.IntN(len(names))])
				}
				if rng.IntN(40) == 0 {
					e.Dependencies = append(e.Dependencies, cache.All)
				}
				list = append(list, e)
			}
			history = append(history, list...)
			w.apply(cache.Events{From: head - cache.Position(len(list)), Head: head, List: list})

			stamp := start + cache.Position(rng.IntN(int(head-start)+1))
			deps := []cache.Dependency{names[rng.IntN(len(names))], names[rng.IntN(len(names))]}
			want := judgeByHistory(history, stamp, deps)
			got, _ := w.judge(stamp, hashes(deps...))
			if got == Fresh && want != Fresh || got == SoftPurged && want == Purged {
				t.Fatalf("seed %d: stamp %d, deps %v: the view says %v, the history %v", seed, stamp, deps, got, want)
			}
			if limit > 1000 && got != want {
				t.Fatalf("seed %d: stamp %d, deps %v: the view, which forgot nothing, says %v, the history %v", seed, stamp, deps, got, want)
			}
			if w.table.named > limit {
				t.Fatalf("seed %d: the view names %d dependencies, its limit is %d", seed, w.table.named, limit)
			}
		}
	}
}

func judgeByHistory(history []cache.Event, stamp cache.Position, deps []cache.Dependency) Verdict {
	verdict := Fresh
	for _, e := range history {
		for _, d := range e.Dependencies {
			if e.Position <= stamp || d != cache.All && d != deps[0] && d != deps[1] {
				continue
			}
			if !e.Soft {
				return Purged
			}
			verdict = SoftPurged
		}
	}
	return verdict
}
