package engine

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/uncache/uncache/cache"
)

// A ledger is a whole history, and a log that answers in pages and may have forgotten the
// beginning.
type ledger struct {
	mu    sync.RWMutex
	start cache.Position
	first cache.Position // events up to here are forgotten
	all   []cache.Event
}

func (l *ledger) head() cache.Position { return l.start + cache.Position(len(l.all)) }

func (l *ledger) add(e cache.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Position = l.head() + 1
	l.all = append(l.all, e)
}

func (l *ledger) trim(p cache.Position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.first = max(l.first, min(p, l.head()))
}

// since returns a page of at most n events.
func (l *ledger) since(after cache.Position, n int) cache.Events {
	l.mu.RLock()
	defer l.mu.RUnlock()
	from := max(after, l.first, l.start)
	end := min(from+cache.Position(n), l.head())
	return cache.Events{
		Head: l.head(), From: from, More: end < l.head(),
		List: append([]cache.Event(nil), l.all[from-l.start:end-l.start]...),
	}
}

// verdict is what the whole history up to a position says.
func (l *ledger) verdict(stamp, upTo cache.Position, deps []cache.Dependency) Verdict {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return judgeByHistory(l.all[stamp-l.start:upTo-l.start], stamp, deps)
}

func randomEvent(rng *rand.Rand, names []cache.Dependency) cache.Event {
	e := cache.Event{Soft: rng.IntN(3) == 0}
	for range rng.IntN(4) {
		e.Dependencies = append(e.Dependencies, names[rng.IntN(len(names))])
	}
	if rng.IntN(200) == 0 {
		e.Dependencies = append(e.Dependencies, cache.All)
	}
	return e
}

func ledgerNames(n int) []cache.Dependency {
	names := []cache.Dependency{cache.Prefix(""), cache.Route("")}
	for i := range n {
		names = append(names, cache.Group(fmt.Sprint(i)))
	}
	return names
}
