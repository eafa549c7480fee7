package engine

import (
	"sync"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
)

// Judging takes no lock, so the order of its reads and of the writes must be right. Here
// one event after another names the same dependency, in each part of the view. A page
// stamped before the position that was read must never be fresh.
func TestOrderOfReadsAndWrites(t *testing.T) {
	target, other := cache.Group("target"), cache.Group("other")
	applies := func(w *view, d cache.Dependency) {
		p := w.position() + 1
		w.apply(cache.Events{From: p - 1, Head: p, List: []cache.Event{event(p, d)}})
	}
	skips := func(w *view, answer func(p cache.Position) cache.Events) {
		p := w.position() + 1
		w.skip(p, true)
		o, _ := w.skipped()
		w.addSkipped(o, answer(p))
	}
	for name, tt := range map[string]struct {
		limit int
		step  func(w *view) // after it the newest event names target
	}{
		"a slot rises": {16, func(w *view) { applies(w, target) }},
		"the only slot changes hands": {1, func(w *view) {
			applies(w, other)
			applies(w, target)
		}},
		"everything is purged": {16, func(w *view) { applies(w, cache.All) }},
		"a cell rises":         {16, func(w *view) { applies(w, cache.Prefix("")) }},
		"a gap": {16, func(w *view) {
			p := w.position() + 1
			w.apply(cache.Events{From: p, Head: p})
		}},
		"skipped, and recovered": {16, func(w *view) {
			skips(w, func(p cache.Position) cache.Events {
				return cache.Events{From: p - 1, Head: p, List: []cache.Event{event(p, target)}}
			})
		}},
		"skipped, and everything is purged": {16, func(w *view) {
			skips(w, func(p cache.Position) cache.Events {
				return cache.Events{From: p - 1, Head: p, List: []cache.Event{event(p, cache.All)}}
			})
		}},
		"skipped, and lost": {16, func(w *view) {
			skips(w, func(p cache.Position) cache.Events { return cache.Events{From: p, Head: p} })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newView(tt.limit)
			w.apply(cache.Events{From: 1, Head: 1})
			tt.step(w)
			deps := hashes(target, cache.Prefix(""))
			// Of two events the first names another dependency.
			names := func(p cache.Position) bool { return tt.limit > 1 || p%2 == 1 }
			until := time.Now().Add(150 * time.Millisecond)
			var all sync.WaitGroup
			all.Go(func() {
				for i := 0; i%64 != 0 || time.Now().Before(until); i++ {
					tt.step(w)
				}
			})
			for range 2 {
				all.Go(func() {
					for i := 0; i%64 != 0 || time.Now().Before(until); i++ {
						pos := w.position()
						if !names(pos) {
							pos--
						}
						if got, by := w.judge(pos-1, deps); got != Purged || by < pos {
							t.Errorf("event %d names it, stamped %d: got %v by position %d, want %v", pos, pos-1, got, by, Purged)
							return
						}
						if got, by := w.judge(pos, deps); got == Fresh && by > pos && (names(by) || by > pos+1) {
							t.Errorf("event %d names it, stamped %d: got %v by position %d", by, pos, got, by)
							return
						}
					}
				})
			}
			all.Wait()
		})
	}
}
