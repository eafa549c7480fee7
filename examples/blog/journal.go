package main

import (
	"context"
	"slices"
	"sync"

	"github.com/uncache/uncache/cache"
)

// A journal is the latest events of a log, of all processes. It is read when it is
// asked, from where it was read last.
type journal struct {
	log    cache.Log
	mu     sync.Mutex
	head   cache.Position
	events []cache.Event
}

const journalSize = 100

// last returns the latest event that has one of names.
func (j *journal) last(ctx context.Context, names []cache.Dependency) (cache.Event, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for more := true; more; {
		since, err := j.log.Since(ctx, j.head)
		if err != nil {
			break // what is known is shown
		}
		j.events = append(j.events, since.List...)
		j.events = slices.Delete(j.events, 0, max(0, len(j.events)-journalSize))
		j.head, more = since.End(), since.More
	}
	for _, e := range slices.Backward(j.events) {
		if slices.ContainsFunc(e.Dependencies, func(d cache.Dependency) bool { return slices.Contains(names, d) }) {
			return e, true
		}
	}
	return cache.Event{}, false
}
