package pagecache

import (
	"cmp"
	"slices"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/internal/figures"
)

// Stats are the figures of a [Cache] since it was made. docs/observe.md says what to
// make of them.
type Stats struct {
	// Requests are the requests of visitors that are over, by what became of them. A
	// hit counts when it begins to be answered.
	Requests []RequestStats `json:"requests"`
	// Routes are the same requests by the pattern that served them.
	Routes []RouteStats `json:"routes"`
	// Fills is how long the handler took to render, for visitors and in the background.
	// Requests that pass the cache are not in it, nor unsafe ones.
	Fills cache.Histogram `json:"fills"`
	// Stored is how many of the fills were stored.
	Stored uint64 `json:"stored"`
	// Refreshed and Warmed are how many of the fills were in the background:
	// for the successor of a response, and after a purge ([Options.Warm]).
	Refreshed uint64 `json:"refreshed"`
	Warmed    uint64 `json:"warmed"`
	// Store are the figures of the coherent cache below.
	Store coherent.Stats `json:"store"`
}

// RequestStats is how many requests ended in one way.
type RequestStats struct {
	// Outcome is that of [Observation.Outcome].
	Outcome string `json:"outcome"`
	// Reason is the detail in their Cache-Status, or why their response was not stored.
	Reason string `json:"reason,omitempty"`
	Count  uint64 `json:"count"`
}

// RouteStats are figures of one route.
type RouteStats struct {
	// Pattern is the pattern as Request.Pattern has it. It is empty where the pattern is
	// not known, and "other" for all those beyond the first 200.
	Pattern string `json:"pattern"`
	// Requests are its requests by [Observation.Outcome].
	Requests map[string]uint64 `json:"requests"`
	// Fills is how often its handler rendered, and Took how long that took.
	Fills uint64        `json:"fills"`
	Took  time.Duration `json:"took_ns"`
}

// Stats returns the figures. It asks the backend nothing.
func (c *Cache) Stats() Stats {
	n := c.count
	s := Stats{
		Fills:     n.fills.Snapshot(),
		Stored:    n.stored.Load(),
		Refreshed: n.refreshed.Load(),
		Warmed:    n.warmed.Load(),
		Store:     c.store.Stats(),
	}
	var hits uint64
	soft := n.soft.Load() // before the hits: each of these is a hit, too
	for pattern, row := range n.routes.All() {
		route := RouteStats{Pattern: pattern, Requests: make(map[string]uint64)}
		for column, outcome := range outcomes {
			if count := row.Load(column); count > 0 {
				route.Requests[outcome] = count
			}
		}
		hits += route.Requests[outcomes[hitColumn]]
		route.Fills, route.Took = row.Times()
		if len(route.Requests) > 0 || route.Fills > 0 {
			s.Routes = append(s.Routes, route)
		}
	}
	slices.SortFunc(s.Routes, func(a, b RouteStats) int { return cmp.Compare(a.Pattern, b.Pattern) })
	add := func(outcome, reason string, count uint64) {
		if count > 0 {
			s.Requests = append(s.Requests, RequestStats{Outcome: outcome, Reason: reason, Count: count})
		}
	}
	add(outcomes[hitColumn], "", hits-soft)
	add(outcomes[hitColumn], string(reasonSoft), soft)
	for reason, row := range n.reasons.All() {
		for column, outcome := range outcomes {
			add(outcome, reason, row.Load(column))
		}
	}
	slices.SortFunc(s.Requests, func(a, b RequestStats) int {
		return cmp.Or(cmp.Compare(column(a.Outcome), column(b.Outcome)), cmp.Compare(a.Reason, b.Reason))
	})
	return s
}

// outcomes are the columns of the tables in which requests are counted.
var outcomes = [figures.Columns]string{"hit", "collapsed", fwdMiss, fwdVary, fwdStale, fwdRequest, fwdMethod, fwdBypass}

const hitColumn, collapsedColumn = 0, 1

func column(outcome string) int { return slices.Index(outcomes[:], outcome) }
