package engine

import (
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/figures"
)

// Stats are the figures of a Cache: those of coherent.Stats, which documents them.
type Stats struct {
	Position  cache.Position
	ViewAge   time.Duration
	Available bool
	Outages   uint64
	Gaps      uint64
	Purges    []Purges
	PurgeTime cache.Histogram
	Tiers     []cache.Stats
}

// Purges is a coherent.PurgeStats, which documents it.
type Purges struct {
	Kind         string
	Done, Failed uint64
}

// kinds are the kinds of dependencies, the widest first.
var kinds = [...]string{"all", "prefix", "route", "group", "path", "uri", "none"}

// kindOf returns the index of the widest kind among deps.
func kindOf(deps []cache.Dependency) int {
	widest := len(kinds) - 1
	for _, d := range deps {
		kind, _, _ := strings.Cut(string(d), ":")
		if kind == "origin-group" {
			kind = "group"
		}
		if i := slices.Index(kinds[:], kind); i >= 0 {
			widest = min(widest, i)
		}
	}
	return widest
}

// counts are what a Cache counts.
type counts struct {
	done, failed  [len(kinds)]atomic.Uint64 // purges
	purgeTime     figures.Histogram         // of those that were done
	outages, gaps atomic.Uint64
}

// purge counts a purge that has ended. Defer it.
func (n *counts) purge(deps []cache.Dependency, began time.Time, err *error) {
	kind := kindOf(deps)
	if *err != nil {
		n.failed[kind].Add(1)
		return
	}
	n.purgeTime.Add(time.Since(began))
	n.done[kind].Add(1)
}

// observing returns an observer that counts, and then tells o.
func (n *counts) observing(o observer) observer {
	return func(x Observation) {
		switch x.Op {
		case OpGap:
			n.gaps.Add(1)
		case OpUnavailable:
			n.outages.Add(1)
		}
		if o != nil {
			o(x)
		}
	}
}

// Stats returns what c has counted, and the state of its view and its backend. It asks
// the backend nothing.
func (c *Cache) Stats() Stats {
	s := Stats{
		Position:  c.reader.view().position(),
		ViewAge:   c.viewAge(),
		Available: c.breaker.unavailable() == nil,
		Outages:   c.count.outages.Load(),
		Gaps:      c.count.gaps.Load(),
		PurgeTime: c.count.purgeTime.Snapshot(),
	}
	for i, kind := range kinds {
		p := Purges{Kind: kind, Done: c.count.done[i].Load(), Failed: c.count.failed[i].Load()}
		if p.Done+p.Failed > 0 {
			s.Purges = append(s.Purges, p)
		}
	}
	for i := range c.tiers {
		if t, ok := c.tiers[i].Cache.(cache.Counter); ok {
			s.Tiers = append(s.Tiers, t.Stats())
		}
	}
	return s
}

// viewAge is how long ago the log was last known to have no event that the view lacks,
// or how old c is if it never was. A log in memory is asked at each request.
func (c *Cache) viewAge() time.Duration {
	if c.reader.local != nil {
		return 0
	}
	confirmed := c.reader.confirmed.Load()
	if c.opts.MaxStale == 0 { // then each lookup that is answered has confirmed the log
		confirmed = max(confirmed, c.breaker.answered.Load())
	}
	return max(c.reader.elapsed()-time.Duration(confirmed), 0)
}
