package engine

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
)

// A view that skips events and reads them later, in pages of any length, never calls a value
// fresh that the whole history names. One that has read everything and forgot nothing agrees
// with the history.
func TestSkippingAgainstTheWholeHistory(t *testing.T) {
	exact := 0
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 7))
		names := ledgerNames(15)
		limit, trims := 1<<16, seed%2 == 0
		if seed%3 == 0 {
			limit = 1 + rng.IntN(40)
		}
		l := &ledger{start: 1000, first: 1000}
		for range rng.IntN(50) {
			l.add(randomEvent(rng, names))
		}
		w := newView(limit)
		var late []cache.Events // answers that are not applied yet
		var asked []missing     // the question of each page of recovered
		var recovered []cache.Events
		for range 300 {
			switch rng.IntN(12) {
			case 0, 1, 2:
				l.add(randomEvent(rng, names))
			case 3:
				if trims && rng.IntN(6) == 0 {
					l.trim(l.first + cache.Position(rng.IntN(20)))
				}
			case 4, 5:
				ev := l.since(w.position(), 1+rng.IntN(5))
				w.apply(ev)
				if rng.IntN(2) == 0 {
					w.skip(ev.Head, true)
				}
			case 6: // an answer that comes late
				late = append(late, l.since(w.position(), 1+rng.IntN(5)))
			case 7:
				if len(late) > 0 {
					w.apply(late[0])
					w.skip(late[0].Head, true)
					late = late[1:]
				}
			case 8, 9:
				if o, ok := w.skipped(); ok {
					asked, recovered = append(asked, o), append(recovered, l.since(o.at, 1+rng.IntN(5)))
				}
			case 10:
				if len(asked) > 0 {
					w.addSkipped(asked[0], recovered[0])
					asked, recovered = asked[1:], recovered[1:]
				}
			}
			pos := w.position()
			if pos < l.start {
				continue
			}
			stamp := l.start + cache.Position(rng.IntN(int(pos-l.start)+1))
			deps := []cache.Dependency{names[rng.IntN(len(names))], names[rng.IntN(len(names))]}
			want := l.verdict(stamp, pos, deps)
			got, by := w.judge(stamp, hashes(deps...))
			if by != pos || got == Fresh && want != Fresh || got == SoftPurged && want == Purged {
				t.Fatalf("seed %d: stamp %d, deps %v: the view says %v at %d, the history %v at %d", seed, stamp, deps, got, by, want, pos)
			}
			if _, owes := w.skipped(); limit > 1000 && !owes && !trims {
				exact++
				if got != want {
					t.Fatalf("seed %d: stamp %d, deps %v: the view, which knows everything, says %v, the history %v", seed, stamp, deps, got, want)
				}
			}
		}
	}
	if exact < 3000 {
		t.Errorf("%d verdicts of views that knew everything, want some 5,000: the test shows little", exact)
	}
}

// The same with many goroutines that read, skip, recover and judge at once, and buckets that
// change all the time.
func TestSkippingInParallel(t *testing.T) {
	for _, limit := range []int{16, 64, 1 << 16} {
		t.Run(fmt.Sprint("limit ", limit), func(t *testing.T) {
			names := ledgerNames(100)
			l := &ledger{start: 1000, first: 1000}
			w := newView(limit)
			w.apply(cache.Events{From: 1000, Head: 1000})
			var all sync.WaitGroup
			until := time.Now().Add(300 * time.Millisecond)
			as := func(n int, do func(rng *rand.Rand)) {
				for i := range n {
					all.Go(func() {
						rng := rand.New(rand.NewPCG(uint64(i), uint64(limit)))
						for time.Now().Before(until) && !t.Failed() {
							do(rng)
						}
					})
				}
			}
			as(1, func(rng *rand.Rand) {
				for range rng.IntN(5) {
					l.add(randomEvent(rng, names))
				}
				if rng.IntN(5000) == 0 {
					l.trim(l.since(0, 0).Head - 3)
				}
				time.Sleep(time.Duration(rng.IntN(20)) * time.Microsecond)
			})
			as(2, func(rng *rand.Rand) {
				ev := l.since(w.position(), 1+rng.IntN(20))
				w.apply(ev)
				if ev.More && rng.IntN(4) == 0 {
					w.skip(ev.Head, true)
				}
			})
			as(2, func(rng *rand.Rand) {
				if o, ok := w.skipped(); ok {
					w.addSkipped(o, l.since(o.at, 1+rng.IntN(20)))
				}
			})
			var judged, fresh [4]int
			var mu sync.Mutex
			as(4, func(rng *rand.Rand) {
				// As in a request: the stamp is older than the position.
				pos := w.position()
				stamp := pos - min(cache.Position(rng.IntN(60)), pos-l.start)
				deps := []cache.Dependency{names[rng.IntN(len(names))], names[rng.IntN(len(names))]}
				got, by := w.judge(stamp, hashes(deps...))
				if by < pos {
					t.Errorf("judged by position %d after %d was read", by, pos)
				}
				if want := l.verdict(stamp, by, deps); got == Fresh && want != Fresh || got == SoftPurged && want == Purged {
					t.Errorf("stamp %d, deps %v: the view says %v by position %d, the history %v", stamp, deps, got, by, want)
				}
				mu.Lock()
				defer mu.Unlock()
				judged[0]++
				if got == Fresh {
					fresh[0]++
				}
			})
			all.Wait()
			if judged[0] < 500 || fresh[0] == 0 {
				t.Errorf("%d of %d pages were fresh: the test shows nothing", fresh[0], judged[0])
			}
			// In the end everything is recovered, and only forgotten names are given up.
			for ev := l.since(w.position(), 50); ; ev = l.since(w.position(), 50) {
				if w.apply(ev); !ev.More {
					break
				}
			}
			for o, ok := w.skipped(); ok; o, ok = w.skipped() {
				w.addSkipped(o, l.since(o.at, 50))
			}
			if w.skipFloor.Load() != 0 {
				t.Errorf("nothing is missing, and the floor is still at %d", w.skipFloor.Load())
			}
		})
	}
}

// Events that are trimmed before the process has read them are given up. Later ones are
// not.
func TestTrimOfSkippedEvents(t *testing.T) {
	l := &ledger{start: 100, first: 100}
	for range 20 {
		l.add(event(0, cache.Group("named")))
	}
	w := newView(1000)
	ev := l.since(0, 5)
	w.apply(ev)
	w.skip(ev.Head, true)
	want := func(stamp cache.Position, want Verdict) {
		t.Helper()
		if got, _ := w.judge(stamp, hashes(cache.Group("other"))); got != want {
			t.Errorf("stamp %d: got %v, want %v", stamp, got, want)
		}
	}
	want(119, Purged)
	want(120, Fresh)
	l.trim(112)
	o, _ := w.skipped()
	if !w.addSkipped(o, l.since(o.at, 5)) {
		t.Error("events 106 to 112 are lost: addSkipped does not say so")
	}
	want(119, Purged)
	o, _ = w.skipped()
	if w.addSkipped(o, l.since(o.at, 5)) {
		t.Error("nothing more is lost: addSkipped says so")
	}
	want(111, Purged)
	want(112, Fresh)
	want(119, Fresh)
	if got, _ := w.judge(119, hashes(cache.Group("named"))); got != Purged {
		t.Errorf("named by 120, stamped 119: got %v, want %v", got, Purged)
	}
}

// If the log goes back in time or begins a new era, the skip floor does not sink.
func TestLogGoesBackBeforeSkippedEventsAreRead(t *testing.T) {
	for name, tt := range map[string]struct {
		answer cache.Events
		lost   bool
	}{
		"its head is before":        {cache.Events{From: 105, Head: 110, List: make([]cache.Event, 5)}, true},
		"a new era, from its start": {cache.Events{From: 500, Head: 500}, true},
		"all is trimmed":            {cache.Events{From: 120, Head: 120}, true},
	} {
		w := newView(1000)
		w.apply(cache.Events{From: 100, Head: 120, List: make([]cache.Event, 5), More: true})
		w.skip(120, true)
		o, _ := w.skipped()
		for i := range tt.answer.List {
			tt.answer.List[i].Position = tt.answer.From + cache.Position(i) + 1
		}
		if got := w.addSkipped(o, tt.answer); got != tt.lost {
			t.Errorf("%s: addSkipped says %v, want %v", name, got, tt.lost)
		}
		if _, owes := w.skipped(); owes {
			t.Errorf("%s: something is still missing", name)
		}
		for stamp, want := range map[cache.Position]Verdict{105: Purged, 119: Purged, 120: Fresh} {
			if got, _ := w.judge(stamp, nil); got != want {
				t.Errorf("%s: stamp %d: got %v, want %v", name, stamp, got, want)
			}
		}
	}
}
